#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/mpi/communicator.hpp"

#include <exception>
#include <functional>
#include <string>

namespace morphogen::run {

/// An error that every rank knows and throws together: printed once, by rank 0. Thrown by
/// agree_on_failure.
class AgreedError : public core::Error {
public:
    using core::Error::Error;
};

/// Collective. Returns if @p mine is empty on every rank; else throws the error of the lowest rank
/// that has one, as AgreedError with its text and exit code, on every rank.
void agree_on_failure(const mpi::Communicator& comm, const std::exception_ptr& mine);

/// Collective: runs @p work on every rank, then agrees on failure.
void together(const mpi::Communicator& comm, const std::function<void()>& work);

} // namespace morphogen::run
