#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/mpi/communicator.hpp"

#include <exception>
#include <new>
#include <optional>
#include <string>

namespace morphogen::mpi {

/// Runs @p work on every rank; it may fail on any. If it did, every rank throws: the lowest failing
/// rank's message, and an exit code that they all share. @p work must not communicate after a point
/// where it can fail on some ranks only. Collective. @throws core::Error
template <typename F>
void run_collectively(const Communicator& comm, F&& work) {
    std::optional<std::string> error;
    core::ExitCode code = core::ExitCode::done;
    try {
        work();
    } catch (const core::Error& e) {
        error = e.what();
        code = e.exit_code();
    } catch (const std::bad_alloc&) {
        error = "out of memory (rank " + std::to_string(comm.rank()) +
                "): an allocation failed; use more ranks on more nodes, or a smaller grid";
        code = core::ExitCode::failed;
    } catch (const std::exception& e) {
        error = e.what();
        code = core::ExitCode::failed;
    }
    const std::optional<std::string> agreed = comm.agree_on_error(error);
    if (!agreed) return;
    throw core::Error(*agreed, static_cast<core::ExitCode>(
                                   comm.allreduce(std::int64_t{static_cast<int>(code)}, Op::max)));
}

} // namespace morphogen::mpi
