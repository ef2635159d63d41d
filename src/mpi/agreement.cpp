#include "morphogen/mpi/agreement.hpp"

#include <charconv>
#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace morphogen::mpi {
namespace {

/// "75 text": the exit code travels in front of the text.
std::string pack(const std::exception_ptr& error, int rank) {
    const auto with_code = [](core::ExitCode code, std::string_view text) {
        return std::to_string(static_cast<int>(code)).append(" ").append(text);
    };
    try {
        std::rethrow_exception(error);
    } catch (const core::Error& e) {
        return with_code(e.exit_code(), e.what());
    } catch (const std::bad_alloc&) {
        return with_code(core::ExitCode::failed,
                         "out of memory (rank " + std::to_string(rank) +
                             "): an allocation failed; use more ranks on more nodes, a smaller "
                             "grid or fewer output.queue_frames");
    } catch (const std::exception& e) {
        return with_code(core::ExitCode::failed, e.what());
    } catch (...) {
        return with_code(core::ExitCode::failed,
                         "unknown error (rank " + std::to_string(rank) + ")");
    }
}

[[noreturn]] void unpack_and_throw(const std::string& packed) {
    int code = 1;
    const char* end = packed.data() + packed.size();
    const auto [rest, status] = std::from_chars(packed.data(), end, code);
    const char* text = status == std::errc{} && rest != end ? rest + 1 : rest;
    throw AgreedError(std::string(text, end), static_cast<core::ExitCode>(code));
}

} // namespace

void agree_on_failure(const Communicator& comm, const std::exception_ptr& mine) {
    std::optional<std::string> text;
    if (mine) text = pack(mine, comm.rank());
    if (const auto first = comm.agree_on_error(text)) unpack_and_throw(*first);
}

std::exception_ptr capture(const std::function<void()>& work) {
    try {
        work();
    } catch (const Failure&) {
        throw;
    } catch (...) {
        return std::current_exception();
    }
    return nullptr;
}

void run_collectively(const Communicator& comm, const std::function<void()>& work) {
    agree_on_failure(comm, capture(work));
}

} // namespace morphogen::mpi
