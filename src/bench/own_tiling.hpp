#pragma once

#include "morphogen/simulation/tiling_policy.hpp"

#include <filesystem>

namespace morphogen::bench {

/// The user's policy for grids of @p dims dimensions, but tilings that are measured are taken from
/// and kept in @p cache (empty: measured anew each time), not in the user's own directory: a
/// measurement leaves nothing behind, and does not depend on what was measured before.
inline simulation::TilingPolicy own_tiling(int dims, const std::filesystem::path& cache = {}) {
    simulation::TilingPolicy policy = simulation::tiling_policy_from_environment(dims);
    if (policy.tune) policy.cache = cache;
    return policy;
}

} // namespace morphogen::bench
