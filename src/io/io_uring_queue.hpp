#pragma once

#include "io/operation_queue.hpp"

#include <liburing.h>

#include <atomic>

namespace morphogen::io {

/// Operations through one io_uring. A poll on an event counter is always in flight beside them:
/// wake() writes the counter.
class IoUringQueue final : public OperationQueue {
public:
    /// @throws core::Error if the kernel refuses: too old, switched off, forbidden in a container,
    /// or without one of the operations.
    explicit IoUringQueue(int depth);
    ~IoUringQueue() override;

    Backend backend() const noexcept override { return Backend::io_uring; }
    void submit(Operation& operation) override;
    void wait(std::vector<Operation*>& completed) override;
    void wake() noexcept override;

private:
    io_uring_sqe& entry() noexcept;
    void watch_counter() noexcept;
    bool reap(std::vector<Operation*>& completed);
    void submit_and_wait() noexcept;

    io_uring ring_{};
    int counter_ = -1; // eventfd
    std::atomic<bool> woken_{false};
};

} // namespace morphogen::io
