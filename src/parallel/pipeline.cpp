#include "morphogen/parallel/pipeline.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/stopwatch.hpp"

#include "delivery_queue.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>

namespace morphogen::parallel::detail {

/// What the threads share. Items are large (a chunk to decode takes 0.1 ms and more), so one mutex,
/// held for some instructions, is enough.
///
/// Invariant, under the mutex: every slot is in exactly one of {free_, queue_ (taken, not begun), a
/// thread's hands, deliver_ (completed or a group's end), the host's hands}; bytes_ is the sum over
/// all but the free ones, and never above the limit.
class PipelineEngine::State {
public:
    State(PipelineLimits limits, Delivery delivery)
        : limits_(limits), slot_bytes_(slots(limits)), queue_(slots(limits)),
          deliver_(limits.items, delivery) {
        free_.reserve(slots(limits));
    }

    void start() {
        queue_.clear();
        deliver_.clear();
        free_.clear();
        for (core::Index slot = limits_.items; slot-- > 0;)
            free_.push_back(slot);
        bytes_ = 0;
        ended_ = finished_ = false;
        figures_ = {};
    }

    /// The calling thread's part: until the source has ended and everything is delivered, or
    /// something failed.
    void work_as_host(Calls calls) {
        try {
            Lock lock(mutex_);
            while (!finished_ && step_as_host(lock, calls)) {
            }
        } catch (...) {
            finish();
            throw;
        }
        finish();
    }

    /// Another thread's part: until the host has finished or something failed.
    void work(int thread, Calls calls) {
        Lock lock(mutex_);
        while (!finished_) {
            if (!queue_.empty()) {
                transform_one(lock, thread, calls);
                continue;
            }
            ++idle_;
            queued_.wait(lock, [&] { return !queue_.empty() || finished_; });
            --idle_;
        }
    }

    PipelineFigures figures() const { return figures_; }

private:
    using Lock = std::unique_lock<std::mutex>;

    static std::size_t slots(PipelineLimits limits) {
        return static_cast<std::size_t>(limits.items);
    }
    core::Index in_flight() const noexcept {
        return limits_.items - static_cast<core::Index>(free_.size());
    }

    /// One thing that the host can do; false: nothing is left to do.
    bool step_as_host(Lock& lock, Calls calls) {
        if (take_one(lock, calls) || deliver_one(lock, calls)) return true;
        if (!queue_.empty()) {
            transform_one(lock, 0, calls);
            return true;
        }
        if (in_flight() == 0) return !ended_;
        const core::Stopwatch watch;
        // Only this thread fills slots, so only a completion (or an error) can change anything.
        host_waits_ = true;
        completed_.wait(lock, [&] { return completions_ > 0 || finished_; });
        host_waits_ = false;
        completions_ = 0;
        figures_.wait_s += watch.seconds();
        return true;
    }

    /// Takes what the source offers, if there is room for it.
    bool take_one(Lock& lock, Calls calls) {
        if (ended_ || free_.empty()) return false;
        const bool may_wait = in_flight() == 0;
        lock.unlock();
        const Offer offer = calls.offer(may_wait);
        lock.lock();
        if (offer.kind == Offer::Kind::end) ended_ = true;
        if (offer.kind == Offer::Kind::end || offer.kind == Offer::Kind::later || finished_)
            return false;
        if (offer.bytes > limits_.bytes)
            throw core::Error("one item of " + std::to_string(offer.bytes) +
                              " bytes is more than the pipeline may hold, " +
                              std::to_string(limits_.bytes));
        if (offer.bytes > limits_.bytes - bytes_) return false;
        const core::Index slot = free_.back();
        free_.pop_back();
        slot_bytes_[static_cast<std::size_t>(slot)] = offer.bytes;
        bytes_ += offer.bytes;
        figures_.max_items = std::max(figures_.max_items, in_flight());
        figures_.max_bytes = std::max(figures_.max_bytes, bytes_);
        lock.unlock();
        calls.take(slot);
        lock.lock();
        if (offer.kind == Offer::Kind::group_end) {
            deliver_.add_group_end(slot);
            return true;
        }
        deliver_.add_item(slot);
        queue_.push(slot);
        if (idle_ > 0) queued_.notify_one();
        return true;
    }

    bool deliver_one(Lock& lock, Calls calls) {
        const core::Index slot = deliver_.next();
        if (slot < 0) return false;
        const bool group_end = deliver_.is_group_end(slot);
        lock.unlock();
        if (group_end)
            calls.end_group(slot);
        else
            calls.put(slot);
        lock.lock();
        if (!group_end) ++figures_.items;
        free_.push_back(slot);
        bytes_ -= slot_bytes_[static_cast<std::size_t>(slot)];
        return true;
    }

    void transform_one(Lock& lock, int thread, Calls calls) {
        const core::Index slot = queue_.pop();
        lock.unlock();
        try {
            calls.transform(slot, thread);
        } catch (...) {
            finish();
            throw;
        }
        lock.lock();
        deliver_.complete(slot);
        ++completions_;
        if (host_waits_) completed_.notify_one();
    }

    void finish() noexcept {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        queued_.notify_all();
        completed_.notify_all();
    }

    const PipelineLimits limits_;
    std::mutex mutex_;
    std::condition_variable queued_;    // other threads wait
    std::condition_variable completed_; // the host waits
    int idle_ = 0;                      // other threads that wait
    bool host_waits_ = false;
    core::Index completions_ = 0; // since the host last waited
    bool ended_ = false;          // the source
    bool finished_ = false;       // everything, or an error cancels the rest
    std::uint64_t bytes_ = 0;     // in flight

    std::vector<core::Index> free_; // a stack: the slot freed last is the one in some cache
    std::vector<std::uint64_t> slot_bytes_;
    FixedQueue<core::Index> queue_;
    DeliveryQueue deliver_;
    PipelineFigures figures_;
};

PipelineEngine::PipelineEngine(PipelineLimits limits, Delivery delivery) {
    MORPHOGEN_EXPECT(limits.items >= 1);
    state_ = std::make_unique<State>(limits, delivery);
}

PipelineEngine::~PipelineEngine() = default;

PipelineFigures PipelineEngine::run(Team& team, Calls calls) {
    State& state = *state_;
    state.start();
    team.run([&](int thread) {
        if (thread == 0)
            state.work_as_host(calls);
        else
            state.work(thread, calls);
    });
    return state.figures();
}

} // namespace morphogen::parallel::detail
