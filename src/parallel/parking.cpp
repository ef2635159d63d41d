#include "morphogen/parallel/parking.hpp"

#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"

#include <algorithm>
#include <cstdlib>

#if defined(__linux__)
#    include <linux/membarrier.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

namespace morphogen::parallel {

namespace {

/// Pauses that take about ten microseconds: more than falling asleep and waking up costs. With less
/// spinning, two threads that answer each other stay asleep by turns: each sleeps because the other
/// one takes so long to wake.
int count_spins() {
    constexpr double budget_s = 10e-6;
    constexpr int sample = 64;
    // 10 to 140 cycles each, by processor. The least of some: one may be interrupted.
    double least = budget_s;
    for (int i = 0; i < 4; ++i) {
        const core::Stopwatch watch;
        for (int j = 0; j < sample; ++j)
            relax();
        least = std::min(least, watch.seconds());
    }
    return static_cast<int>(std::clamp(budget_s / (least / sample), 64.0, 4096.0));
}

} // namespace

int spins_before_sleep() {
    static const int spins = usable_cores() > 1 ? count_spins() : 0;
    return spins;
}

#if defined(__linux__) && defined(SYS_membarrier)

Barrier best_barrier() noexcept {
    // Fails on kernels before 4.14 and where a sandbox forbids it.
    static const bool registered =
        ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    return registered ? Barrier::asymmetric : Barrier::symmetric;
}

void barrier_in_all_threads() noexcept {
    // Cannot fail once registered (membarrier(2)); going on without it could lose a wake-up.
    if (::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) std::abort();
}

#else

Barrier best_barrier() noexcept {
    return Barrier::symmetric;
}

void barrier_in_all_threads() noexcept {
    std::abort();
} // nobody asks for it

#endif

} // namespace morphogen::parallel
