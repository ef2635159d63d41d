#pragma once

#include "morphogen/parallel/team.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace morphogen::test {

/// Waits until @p flag, for at most some tenths of a second. @returns whether it came. Halves of a
/// join must not wait for each other; tests do, to see that one was stolen, and bound it.
inline bool soon(const std::atomic<bool>& flag) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    while (!flag.load()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// So long that work on offer is worth waking a thread for.
inline void a_while() {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
}

/// Calls attempt(), which says whether the second half was stolen, until it was. Gives up after
/// some seconds.
template <typename Attempt>
bool until_stolen(Attempt&& attempt) {
    for (int i = 0; i < 50; ++i) {
        a_while();
        if (attempt()) return true;
    }
    return false;
}

/// The same in a region of @p threads.
template <typename Attempt>
bool stolen_among(int threads, Attempt&& attempt) {
    parallel::Team team(threads);
    return team.fork_join([&] { return until_stolen(attempt); });
}

/// What must hold outside a region, on a team of one and on one of two.
inline void in_and_outside_regions(parallel::FunctionRef<void()> check) {
    check();
    for (const int threads : {1, 2}) {
        parallel::Team team(threads);
        team.fork_join(check);
    }
}

} // namespace morphogen::test
