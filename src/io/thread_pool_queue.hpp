#pragma once

#include "io/operation_queue.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace morphogen::io {

/// Blocking system calls on threads, which are made when there is work and none is idle: up to one
/// per operation in flight, so that a slow disk sees the same depth as with io_uring.
class ThreadPoolQueue final : public OperationQueue {
public:
    explicit ThreadPoolQueue(int depth);
    ~ThreadPoolQueue() override;

    Backend backend() const noexcept override { return Backend::thread_pool; }
    void submit(Operation& operation) override;
    void wait(std::vector<Operation*>& completed) override;
    void wake() noexcept override;

private:
    void work() noexcept;
    void carry_out_next();

    const std::size_t most_threads_;
    std::mutex mutex_; // guards what follows
    std::condition_variable work_there_;
    std::condition_variable something_happened_;
    std::deque<Operation*> waiting_;
    std::vector<Operation*> completed_;
    std::size_t idle_ = 0;
    bool woken_ = false;
    bool ending_ = false;
    std::vector<std::thread> threads_; // the submitting thread's alone
};

} // namespace morphogen::io
