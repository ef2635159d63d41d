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

/// How often a waiting thread looks again before it sleeps: some microseconds, or 0 where this
/// process has one core only (whoever it waits for cannot run meanwhile).
int spins_before_sleep();

/// The place where ONE thread (the owner) sleeps until others have made a condition true. Costs
/// those others one load while the owner is awake; nobody makes a system call unless the owner
/// really sleeps.
///
/// Invariant: the owner sleeps only while `parked_` is 1, and it looks at its condition after it
/// has set `parked_`. Whoever makes the condition true looks at `parked_` afterwards. So one of the
/// two sees the other, and no wake-up is lost. Spurious wake-ups happen and are harmless: the owner
/// looks again.
class Parking {
public:
    /// Owner only. Returns once @p ready() is true; looks @p spins times before it sleeps. @p ready
    /// must read what the others write with seq_cst loads if they use wake_if_parked().
    template <typename Ready>
    void wait(Ready&& ready, int spins) {
        for (int i = 0; i < spins; ++i) {
            if (ready()) return;
            relax();
        }
        for (;;) {
            // An RMW, not a store: it reads what the last wake() wrote and so acquires what that
            // thread did before. seq_cst: stays before the loads inside ready(); partner is the
            // load in wake_if_parked().
            parked_.exchange(1, std::memory_order_seq_cst);
            const bool done = ready();
            // relaxed: the value is only a hint for sleeping; ready() does the acquiring.
            if (!done) parked_.wait(1, std::memory_order_relaxed);
            // An RMW keeps the release sequences of wake() whole; acquire: partner is the RMW in
            // wake().
            parked_.exchange(0, std::memory_order_acquire);
            if (done) return;
        }
    }

    /// Any thread, after it has made the owner's condition true by a seq_cst store: one load if the
    /// owner is awake.
    void wake_if_parked() noexcept {
        // seq_cst: stays after the caller's seq_cst store; partner is the exchange(1) in wait().
        if (parked_.load(std::memory_order_seq_cst) != 0) wake();
    }

    /// Any thread, after it has made the owner's condition true by stores of any order.
    void wake() noexcept {
        // release: publishes the caller's stores to the exchange in wait(); acquire: keeps the
        // notify after it.
        if (parked_.exchange(0, std::memory_order_acq_rel) != 0) parked_.notify_one();
    }

private:
    std::atomic<std::uint32_t> parked_{0};
};

} // namespace morphogen::parallel
