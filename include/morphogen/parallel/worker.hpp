#pragma once

#include "morphogen/parallel/parking.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>

/// What join() inlines. Not for users: they call join(), the ranges and Team::fork_join().
namespace morphogen::parallel {

class ForkJoin;
class Worker;

/// Unwinds one half of a join whose other half has failed, through the callers' code up to that
/// join, which throws the other half's error instead. Code between must let it pass: catch (...)
/// has to rethrow. Not a std::exception, so that handlers of those do not stop it.
class Cancelled {};

/// The second half of a join, on the stack of whoever called join().
///
/// Life: in its worker's private list -> offered in the worker's public slot -> stolen -> settled.
/// The owner can take it back from the first two, and then calls the second half itself; only from
/// `stolen` on does another thread touch it, until its store to state(), which is the last access.
struct Job {
    enum class State : std::uint32_t { unsettled, done, failed };

    Job* older; // in the private list
    Job* newer;
    bool (*execute)(Job&) noexcept; // thief only; false: it threw, the error is kept
    // From here on: set when it is offered.
    Worker* owner;
    Job* older_offered; // the owner's stack of offered jobs that it has not joined yet
    State state_;       // not std::atomic: that would be set to 0 at every join
    bool cancelled_;

    std::atomic_ref<State> state() noexcept { return std::atomic_ref(state_); }
    /// The owner does not want it any more.
    std::atomic_ref<bool> cancelled() noexcept { return std::atomic_ref(cancelled_); }
};

/// A thread of a fork-join region. The owner calls everything but what says otherwise.
///
/// Private list, public slot: jobs go into a list on the stacks, newest last, that no other thread
/// sees: push and pop are a few stores. Whenever the slot is empty the OLDEST job, the largest
/// piece of work, is moved there, and thieves take it by one exchange. So atomic operations are
/// paid once per steal and once per level of the tree, not once per join, and a hungry thread finds
/// something without asking. (Heartbeat scheduling's promotion, Acar et al., PLDI 2018, with "the
/// slot is empty" for the beat.)
///
/// Invariant: jobs are offered oldest first and joined newest first, so when join() comes back to
/// its job, that is the newest of the list, or in the slot, or stolen; and in the last two cases
/// the list is empty.
class alignas(128) Worker {
public:
    void push(Job& job) noexcept {
        job.older = newest_;
        newest_->newer = &job;
        newest_ = &job;
    }

    /// @returns whether @p job was still in the list.
    bool pop(Job& job) noexcept {
        if (newest_ != &job) return false;
        newest_ = job.older;
        return true;
    }

    /// Whether it is time for attend(): a counter, so that it costs nothing most of the time.
    bool due() noexcept {
        // No RMW, and relaxed: it publishes nothing. If this store overwrites a poke(), the owner
        // is late by as many joins as were left.
#if defined(__x86_64__)
        // What the other branch means, in one instruction instead of four: 5 % of a join.
        static_assert(sizeof(credit_) == 4);
        bool none_left;
        asm volatile("subl $1, %0"
                     : "+m"(*reinterpret_cast<std::int32_t*>(&credit_)), "=@ccle"(none_left));
        return none_left;
#else
        const std::int32_t left = credit_.load(std::memory_order_relaxed) - 1;
        credit_.store(left, std::memory_order_relaxed);
        return left <= 0;
#endif
    }

    /// @p newest has just been pushed. Offers the oldest job, wakes a sleeping thread.
    /// @throws Cancelled if another half above has failed; @p newest is out of the list then.
    void attend(Job& newest);

    /// For a job that was not in the list: takes it out of the slot if it is there still.
    bool take_back(Job& job) noexcept;

    /// For a stolen job: until it is settled, doing other jobs meanwhile.
    Job::State wait_for(Job& job) noexcept;

    /// Tells whoever has stolen @p job that it may end early.
    void cancel(Job& job) noexcept;

    /// If this thread has no job that others could take: counts the time that is worth waking one
    /// from here on, and attends at the next join.
    void begin_root() noexcept {
        if (newest_ != &list_ || offered_ != nullptr) return;
        unserved_since_ = ticks();
        interval_ = 1;
        poke();
    }

    /// The worker that this thread is, or null outside a fork-join region.
    static Worker* current() noexcept {
        return current_;
    }

private:
    friend class ForkJoin;

    /// A clock that is cheap and rough: nanoseconds, or cycles of 1/4 to 1/2 ns.
    static std::uint64_t ticks() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        return __builtin_ia32_rdtsc(); // 10 ns where steady_clock takes 30
#else
        return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                          std::chrono::nanoseconds(1));
#endif
    }

    void offer_oldest() noexcept;
    void wake_another() noexcept;
    bool half_above_failed() const noexcept;
    void run(Job& stolen) noexcept;
    void steal_until_over() noexcept;
    Job* steal() noexcept;
    template <typename Done>
    void work_until(Done&& done) noexcept;
    template <typename Done>
    void rest_until(Done&& done) noexcept;
    /// Any thread: makes the owner attend at its next join.
    void poke() noexcept {
        credit_.store(1, std::memory_order_relaxed);
    } // relaxed: a hint

    static constinit inline thread_local Worker* current_ = nullptr;

    // The owner's, in one cache line; others write credit_ when they are hungry.
    Job* newest_ = &list_;
    Job list_;                            // its `newer` is the oldest job
    std::atomic<std::int32_t> credit_{1}; // joins until the next attend()
    std::int32_t interval_ = 1;           // joins between two of them while others sleep
    std::int32_t reluctance_ = 1;         // joins before another offer after one was taken back
    Job* offered_ = nullptr;              // the newest of those not joined, since executing_ began
    Job* executing_ = nullptr;            // the stolen job that this thread is in
    std::uint64_t unserved_since_ = 0;    // ticks
    ForkJoin* region_ = nullptr;

    // What others look at.
    alignas(128) std::atomic<Job*> slot_{nullptr};
    std::atomic<bool> asleep_{false};
    Parking parking_{Barrier::symmetric}; // seldom used: not worth an interrupt of all threads
};

} // namespace morphogen::parallel
