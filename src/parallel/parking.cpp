#include "morphogen/parallel/parking.hpp"

#include "morphogen/parallel/affinity.hpp"

#include <cstdlib>

#if defined(__linux__)
#    include <linux/membarrier.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

namespace morphogen::parallel {

int spins_before_sleep() {
    // A pause takes 40 to 140 cycles: 5 to 15 microseconds at most, about what falling asleep and
    // waking up costs.
    constexpr int spins = 256;
    return usable_cores() > 1 ? spins : 0;
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
