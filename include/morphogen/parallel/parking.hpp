#pragma once

#include <atomic>
#include <cstdint>

namespace morphogen::parallel {

/// Tells the processor that this is a spin loop: saves power and leaves the core to its sibling
/// thread.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

/// How often a waiting thread looks again before it sleeps: about ten microseconds, or 0 where this
/// process has one core only (whoever it waits for cannot run meanwhile).
int spins_before_sleep();

/// How a thread that goes to sleep and one that may have to wake it make sure that one of them sees
/// the other.
enum class Barrier {
    symmetric,  // both execute a full barrier: 20 to 100 ns for every push, asleep or not
    asymmetric, // the one that goes to sleep makes the system put a barrier into all others:
                // membarrier(2)
};

/// The cheapest that the system offers.
Barrier best_barrier() noexcept;

/// membarrier(2): when it returns, each other running thread of the process has executed a full
/// barrier since the call.
void barrier_in_all_threads() noexcept;

/// The place where ONE thread (the owner) sleeps until others have made a condition true. Costs
/// those others one load of a line that seldom changes while the owner is awake; nobody makes a
/// system call unless the owner is about to sleep.
///
/// Invariant: the owner sleeps only while `parked_` is 1, and between setting it and sleeping it
/// looks at its condition. Whoever makes the condition true looks at `parked_` afterwards. With a
/// full barrier between the two steps on both sides (here: Barrier) at least one of the two sees
/// the other's write, so no wake-up is lost. (Store, barrier, load against store, barrier, load:
/// Dekker's pattern.) Spurious wake-ups happen and are harmless: the owner looks again.
class Parking {
public:
    explicit Parking(Barrier barrier) : barrier_(barrier) {}

    /// Owner only. Returns once @p ready() is true; looks @p spins times before it sleeps.
    template <typename Ready>
    void wait(Ready&& ready, int spins) {
        for (int i = 0; i < spins; ++i) {
            if (ready()) return;
            relax();
        }
        for (;;) {
            // An RMW, not a store: it reads what the last wake() wrote, so acquire makes visible
            // what that thread did before; release lets the RMW of a later wake() continue from
            // here.
            parked_.exchange(1, std::memory_order_acq_rel);
            if (barrier_ == Barrier::asymmetric)
                barrier_in_all_threads();
            else // partner is the fence in wake_if_parked()
                std::atomic_thread_fence(std::memory_order_seq_cst);
            const bool done = ready();
            // relaxed: the value only says whether to sleep; ready() does the acquiring.
            if (!done) parked_.wait(1, std::memory_order_relaxed);
            // An RMW for the same reason; acquire: partner is the RMW in wake().
            parked_.exchange(0, std::memory_order_acquire);
            if (done) return;
        }
    }

    /// Any thread, after it has made the owner's condition true.
    void wake_if_parked() noexcept {
        if (barrier_ == Barrier::asymmetric)
            // Keeps the compiler from moving the load up; the processor's part is
            // barrier_in_all_threads().
            std::atomic_signal_fence(std::memory_order_seq_cst);
        else // partner is the fence in wait()
            std::atomic_thread_fence(std::memory_order_seq_cst);
        // relaxed: ordered by the barriers; publishes nothing.
        if (parked_.load(std::memory_order_relaxed) != 0) wake();
    }

    /// The same for seldom use: needs no barrier, and publishes the caller's stores of any order to
    /// the owner.
    void wake() noexcept {
        // release: publishes the caller's stores to the exchanges in wait(); acquire: keeps the
        // notify after it.
        if (parked_.exchange(0, std::memory_order_acq_rel) != 0) parked_.notify_one();
    }

private:
    std::atomic<std::uint32_t> parked_{0};
    const Barrier barrier_;
};

} // namespace morphogen::parallel
