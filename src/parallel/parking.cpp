#include "morphogen/parallel/parking.hpp"

#include "morphogen/parallel/affinity.hpp"

namespace morphogen::parallel {

int spins_before_sleep() {
    // A pause takes 40 to 140 cycles: 5 to 15 microseconds at most, about what falling asleep and
    // waking up costs.
    constexpr int spins = 256;
    return usable_cores() > 1 ? spins : 0;
}

} // namespace morphogen::parallel
