#include "morphogen/run/collective.hpp"

#include <charconv>
#include <optional>

namespace morphogen::run {
namespace {

/// "75 text": the exit code travels in front of the text.
std::string pack(const std::exception_ptr& error) {
    const auto with_code = [](core::ExitCode code, std::string_view text) {
        return std::to_string(static_cast<int>(code)).append(" ").append(text);
    };
    try {
        std::rethrow_exception(error);
    } catch (const core::Error& e) {
        return with_code(e.exit_code(), e.what());
    } catch (const std::bad_alloc&) {
        return with_code(core::ExitCode::failed,
                         "out of memory; use more ranks, a smaller grid or fewer queue_frames");
    } catch (const std::exception& e) {
        return with_code(core::ExitCode::failed, e.what());
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

void agree_on_failure(const mpi::Communicator& comm, const std::exception_ptr& mine) {
    std::optional<std::string> text;
    if (mine) text = pack(mine);
    if (const auto first = comm.agree_on_error(text)) unpack_and_throw(*first);
}

void together(const mpi::Communicator& comm, const std::function<void()>& work) {
    std::exception_ptr error;
    try {
        work();
    } catch (...) {
        error = std::current_exception();
    }
    agree_on_failure(comm, error);
}

} // namespace morphogen::run
