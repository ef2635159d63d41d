#include "morphogen/parallel/worker.hpp"

#include "morphogen/core/contract.hpp"

#include "fork_join.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

namespace morphogen::parallel {

namespace {

using Clock = std::chrono::steady_clock;

// Waking a thread costs some microseconds on both sides. It is worth that once a root has had work
// for others for so long: small roots never pay, long ones lose a little of their second thread.
#if defined(__x86_64__) || defined(__i386__)
constexpr std::uint64_t worth_waking = 100'000; // ticks: 25 to 50 us
#else
constexpr std::uint64_t worth_waking = 40'000;
#endif
// Joins between two looks at the clock: few enough to be on time, enough to cost nothing.
constexpr std::int32_t longest_interval = 128;
// Nobody sleeps and something is on offer: thieves poke when that changes.
constexpr std::int32_t until_poked = 1024;
constexpr std::int32_t most_reluctant = 4;

} // namespace

void Worker::attend(Job& newest) {
    if (half_above_failed()) {
        poke();
        const bool in_list = pop(newest);
        MORPHOGEN_EXPECT(in_list);
        throw Cancelled();
    }
    // relaxed: a count of joins, see due()
    if (region_->others() == 0) {
        credit_.store(std::numeric_limits<std::int32_t>::max(), std::memory_order_relaxed);
        return;
    }
    // relaxed: a hint. A thread that falls asleep just now looks for offers once more and pokes.
    const int sleepers = region_->sleepers_.load(std::memory_order_relaxed);
    std::int32_t next = until_poked;
    bool wake = false;
    bool worth_offering = true;
    if (sleepers > 0) {
        wake = ticks() - unserved_since_ >= worth_waking;
        worth_offering = wake || sleepers < region_->others();
        next = interval_ = wake ? 1 : std::min(2 * interval_, longest_interval);
    }
    // relaxed: only this thread offers.
    if (worth_offering && slot_.load(std::memory_order_relaxed) == nullptr) offer_oldest();
    if (wake) {
        wake_another();
        unserved_since_ = ticks();
    }
    credit_.store(next, std::memory_order_relaxed);
}

void Worker::offer_oldest() noexcept {
    Job& job = *list_.newer;
    MORPHOGEN_EXPECT(newest_ != &list_);
    if (newest_ == &job) {
        newest_ = &list_;
    } else {
        list_.newer = job.newer;
        job.newer->older = &list_;
    }
    job.owner = this;
    job.older_offered = std::exchange(offered_, &job);
    job.state().store(Job::State::unsettled,
                      std::memory_order_relaxed); // relaxed: before the release
    job.cancelled().store(false, std::memory_order_relaxed);
    // release: publishes the job and all that its callable refers to; partner is the exchange in
    // steal().
    slot_.store(&job, std::memory_order_release);
    // Partner is the fence in Parking::wait(): a thread that falls asleep sees the offer, or this
    // one sees that it sleeps.
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool Worker::take_back(Job& job) noexcept {
    // relaxed: this thread wrote the value and the job; a thief's exchange makes it null once.
    if (slot_.load(std::memory_order_relaxed) != &job ||
        slot_.exchange(nullptr, std::memory_order_relaxed) != &job) {
        reluctance_ = 1;
        return false;
    }
    offered_ = job.older_offered;
    credit_.store(reluctance_, std::memory_order_relaxed); // relaxed: see due()
    reluctance_ = std::min(2 * reluctance_, most_reluctant);
    return true;
}

Job::State Worker::wait_for(Job& job) noexcept {
    MORPHOGEN_EXPECT(newest_ == &list_ && offered_ == &job);
    work_until([&] {
        // acquire: partner is the store in run(); result or error are visible.
        if (job.state().load(std::memory_order_acquire) != Job::State::unsettled) return true;
        if (!job.cancelled().load(std::memory_order_relaxed) && half_above_failed()) cancel(job);
        return false;
    });
    offered_ = job.older_offered;
    return job.state().load(std::memory_order_relaxed); // relaxed: the acquire was above
}

void Worker::cancel(Job& job) noexcept {
    job.cancelled().store(true, std::memory_order_relaxed); // relaxed: a hint
    region_->poke_all();
}

/// Whether what this thread is in has become useless: the stolen job that it executes is cancelled,
/// or one that was stolen from it has failed. The joins concerned are all below on this stack, and
/// unwinding to there is theirs to end; other jobs that this thread was in the middle of are not
/// looked at.
bool Worker::half_above_failed() const noexcept {
    // relaxed: hints; whoever throws the error acquires it.
    if (executing_ != nullptr && executing_->cancelled().load(std::memory_order_relaxed))
        return true;
    for (Job* job = offered_; job != nullptr; job = job->older_offered)
        if (job->state().load(std::memory_order_relaxed) == Job::State::failed) return true;
    return false;
}

void Worker::run(Job& stolen) noexcept {
    MORPHOGEN_EXPECT(newest_ == &list_);
    Worker& owner = *stolen.owner;
    Job* const executing = std::exchange(executing_, &stolen);
    Job* const offered = std::exchange(offered_, nullptr);
    // relaxed: a hint
    if (region_->sleepers_.load(std::memory_order_relaxed) > 0) unserved_since_ = ticks();
    const bool done = stolen.execute(stolen);
    executing_ = executing;
    offered_ = offered;
    // release: publishes the result and all else that the job did; partners are the acquires in
    // wait_for() and give_up(). The job is its owner's alone from here on.
    stolen.state().store(done ? Job::State::done : Job::State::failed, std::memory_order_release);
    if (!done) owner.poke();
    owner.parking_.wake_if_parked();
}

Job* Worker::steal() noexcept {
    const std::span<Worker> all = region_->workers();
    std::size_t next = static_cast<std::size_t>(this - all.data());
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (++next == all.size()) next = 0;
        Worker& victim = all[next];
        if (victim.slot_.load(std::memory_order_relaxed) == nullptr) continue; // relaxed: a hint
        // acquire: partner is the store in offer_oldest(). An address that was taken back and
        // offered again meanwhile is just as good: it is read only after this.
        if (Job* job = victim.slot_.exchange(nullptr, std::memory_order_acquire)) {
            victim.poke(); // to offer the next one
            return job;
        }
    }
    return nullptr;
}

void Worker::steal_until_over() noexcept {
    work_until([this] { return region_->over(); });
}

template <typename Done>
void Worker::work_until(Done&& done) noexcept {
    while (!done()) {
        if (Job* job = steal())
            run(*job);
        else
            rest_until([&] { return done() || region_->anything_offered(); });
    }
}

template <typename Done>
void Worker::rest_until(Done&& done) noexcept {
    region_->poke_all(); // hungry
    const auto end = Clock::now() + std::chrono::microseconds(region_->spin_microseconds_);
    for (int i = 1;; ++i) {
        if (done()) return;
        relax();
        if (i % 32 != 0) continue;
        if (Clock::now() >= end) break;
        if (i % 256 == 0) region_->poke_all(); // one may have been overwritten
    }
    // relaxed: the fence in Parking::wait() orders both before the last look at done().
    asleep_.store(true, std::memory_order_relaxed);
    region_->sleepers_.fetch_add(1, std::memory_order_relaxed);
    region_->poke_all(); // those who have been told to count on being poked
    // relaxed: a flag that says "look again".
    parking_.wait([&] { return done() || !asleep_.load(std::memory_order_relaxed); }, 0);
    if (asleep_.exchange(false, std::memory_order_relaxed)) // whoever clears it counts
        region_->sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

void Worker::wake_another() noexcept {
    for (Worker& other : region_->workers()) {
        if (!other.asleep_.load(std::memory_order_relaxed) || // relaxed: hints, see rest_until()
            !other.asleep_.exchange(false, std::memory_order_relaxed))
            continue;
        region_->sleepers_.fetch_sub(1, std::memory_order_relaxed);
        other.parking_.wake();
        return;
    }
}

} // namespace morphogen::parallel
