#pragma once

#include "morphogen/mpi/communicator.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace morphogen::mpi {

/// Messages that are sent over and over between the same buffers (persistent requests): set up
/// once, then per exchange `start`, any number of `progress`, `wait`. The buffers must outlive it
/// and stay untouched between start and wait. One thread at a time. At the end of its life nothing
/// may be in flight; if something is (an exception), it is cancelled.
class RequestSet {
public:
    RequestSet() noexcept;
    RequestSet(RequestSet&&) noexcept;
    RequestSet& operator=(RequestSet&&) noexcept;
    ~RequestSet();

    /// Contiguous bytes: strided boxes are packed by the caller, two fields into one message, by
    /// all its threads. (MPI's derived subarray types copy rows of a few cells one by one, on one
    /// thread.)
    void add_send(const Communicator& comm, std::span<const std::byte> bytes, int to, int tag);
    void add_receive(const Communicator& comm, std::span<std::byte> bytes, int from, int tag);

    void start_all();
    /// Lets MPI move data, between pieces of other work; true when all are done. An error shows in
    /// wait_all.
    bool progress() noexcept;
    /// Returns when all are done. @throws core::Error
    void wait_all();

    bool empty() const noexcept;

private:
    struct Requests;
    std::unique_ptr<Requests> requests_;
};

} // namespace morphogen::mpi
