#pragma once

#include "io/operation_queue.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace morphogen::io {

/// How many operations are in flight, over time. One thread changes it, any may read.
class InFlightMeter {
public:
    InFlightMeter(QueueStatistics start) : statistics_(std::move(start)) {}
    void change(int by, std::uint64_t operations, std::uint64_t bytes);
    QueueStatistics read() const;

private:
    using Clock = std::chrono::steady_clock;
    void account(Clock::time_point now);

    mutable std::mutex mutex_;
    QueueStatistics statistics_;
    int in_flight_ = 0;
    double busy_seconds_ = 0; // with at least one in flight
    double area_ = 0;         // operations x seconds
    Clock::time_point since_ = Clock::now();
};

/// What has to be done again: an interrupted call, and what is left after a shorter one. Otherwise
/// `result` is final; for a read or a write that got as far as it can, the bytes of all calls.
enum class Outcome { final, again };
Outcome settle(Operation& operation) noexcept;

/// A queue with a bound on what is in flight, and the operations themselves, recycled. Continues
/// short reads and writes and repeats interrupted calls. @p Op derives from Operation. One thread
/// uses it, but for wake() and statistics().
template <typename Op>
class OperationWindow {
public:
    OperationWindow(MadeQueue made, int depth)
        : queue_(std::move(made.queue)), depth_(depth),
          meter_({.backend = queue_->backend(),
                  .fallback = std::move(made.fallback),
                  .depth = depth}) {
        completed_.reserve(static_cast<std::size_t>(depth)); // so that wait() never allocates
    }

    int in_flight() const noexcept { return in_flight_; }
    bool full() const noexcept { return in_flight_ >= depth_; }

    /// One to fill in and to submit().
    Op& take() {
        if (free_.empty()) {
            free_.reserve(operations_.size() + 1); // so that they can all come back
            free_.push_back(&operations_.emplace_back());
        }
        Op& op = *free_.back();
        free_.pop_back();
        return op;
    }

    /// Not when full.
    void submit(Op& op) {
        queue_->submit(op);
        ++in_flight_;
        meter_.change(+1, 0, 0);
    }

    /// Waits until something was completed or wake() was called, and calls @p handle(Op&) for each
    /// that is final. The operation is recycled after that. After an exception of `handle` the next
    /// call goes on with those that it has not seen.
    template <typename Handle>
    void wait(Handle&& handle) {
        if (handled_ == completed_.size()) {
            completed_.clear();
            handled_ = 0;
            queue_->wait(completed_);
        }
        while (handled_ < completed_.size()) {
            Operation& operation = *completed_[handled_++];
            if (settle(operation) == Outcome::again && submit_again(operation)) continue;
            --in_flight_;
            Op& op = static_cast<Op&>(operation);
            const bool moved = op.action == Action::read || op.action == Action::write;
            meter_.change(-1, 1, moved ? op.done : 0);
            handle(op);
            op = Op{};
            free_.push_back(&op);
        }
    }

    void wake() noexcept { queue_->wake(); }
    QueueStatistics statistics() const { return meter_.read(); }

private:
    /// @returns false where there is no memory for it: then it has failed.
    bool submit_again(Operation& operation) noexcept {
        try {
            queue_->submit(operation);
            return true;
        } catch (...) {
            operation.result = -ENOMEM;
            return false;
        }
    }

    std::unique_ptr<OperationQueue> queue_;
    const int depth_;
    int in_flight_ = 0;
    std::deque<Op> operations_; // as many as ever were in flight
    std::vector<Op*> free_;
    std::vector<Operation*> completed_;
    std::size_t handled_ = 0; // of them
    InFlightMeter meter_;
};

} // namespace morphogen::io
