#pragma once

#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/parallel/parking.hpp"

#include <atomic>
#include <thread>

/// Two threads that pass something to each other, and nothing else.
namespace morphogen::bench {

/// Waits for the other thread without sleeping; gives its core away only after so long that the
/// other one must have lost its own to another program.
class Spin {
public:
    void wait() {
        if (++spins_ % 20'000 != 0)
            parallel::relax();
        else
            std::this_thread::yield();
    }

private:
    int spins_ = 0;
};

template <typename Try>
void until(Try&& done) {
    for (Spin spin; !done();)
        spin.wait();
}

/// Two cores for the two threads; unpinned, schedulers may leave both on one, and then a time slice
/// is measured instead of the ring. Empty sets, which pin nothing, where the process has one only.
struct CorePair {
    parallel::CoreSet own;
    parallel::CoreSet other;
};

/// Chosen once.
const CorePair& cores();

/// Keeps the calling thread on @p cores, if there are any, for as long as this lives.
class Pinned {
public:
    explicit Pinned(const parallel::CoreSet& cores) : before_(parallel::CoreSet::of_this_thread()) {
        pinned_ = cores.restore_on_this_thread();
    }
    ~Pinned() {
        if (pinned_) before_.restore_on_this_thread();
    }
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;

private:
    parallel::CoreSet before_;
    bool pinned_ = false;
};

/// Runs @p other on a second thread and @p own here, each on a core of its own if there are two;
/// seconds from when both are ready.
template <typename Own, typename Other>
double together(Own&& own, Other&& other) {
    const Pinned here(cores().own);
    std::atomic<bool> ready{false};
    std::thread thread([&] {
        if (!cores().other.restore_on_this_thread())
            parallel::restore_process_affinity_on_this_thread();
        // release: partner is the load below; only "this thread runs" is published.
        ready.store(true, std::memory_order_release);
        other();
    });
    until([&] { return ready.load(std::memory_order_acquire); }); // partner: the store above
    const core::Stopwatch watch;
    own();
    thread.join();
    return watch.seconds();
}

} // namespace morphogen::bench
