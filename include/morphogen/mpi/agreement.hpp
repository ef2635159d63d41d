#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/mpi/communicator.hpp"

#include <exception>
#include <functional>

namespace morphogen::mpi {

/// An error that every rank knows and throws together: to be told once, by rank 0. Thrown by
/// agree_on_failure.
class AgreedError : public core::Error {
public:
    using core::Error::Error;
};

/// A call of MPI failed. The ranks may be out of step, so that no agreement is possible any more:
/// let it leave, and end the job.
class Failure : public core::Error {
public:
    using core::Error::Error;
};

/// Returns if @p mine is empty on every rank; else throws the error of the lowest rank that has
/// one, as AgreedError with its text and exit code, on every rank. Collective.
void agree_on_failure(const Communicator& comm, const std::exception_ptr& mine);

/// What @p work throws, or nothing. @throws Failure, which is nobody's to keep.
std::exception_ptr capture(const std::function<void()>& work);

/// Runs @p work on every rank; it may fail on any. If it did, every rank throws as
/// agree_on_failure() does. @p work must not communicate after a point where it can fail on some
/// ranks only. Collective.
/// @throws AgreedError on every rank; Failure at once.
void run_collectively(const Communicator& comm, const std::function<void()>& work);

} // namespace morphogen::mpi
