#pragma once

#include "morphogen/kernel/stepper.hpp"
#include "morphogen/mpi/communicator.hpp"

#include <filesystem>
#include <string_view>

namespace morphogen::simulation {

/// How the tiling of the step is chosen. It decides the speed and no bit of the result.
struct TilingPolicy {
    kernel::Tiling fixed = {}; // what is not 0 (or automatic) is taken as it is
    bool tune = false; // the rest: by measuring, if the run is long enough to gain by it; else from
                       // the caches' sizes
    std::filesystem::path cache = {}; // directory of what was measured before; empty: none
};

/// @p text: "auto" or empty (tune, with the user's cache), "static" (from the caches' sizes), or
/// any of depth=N, columns=N, rows=N, planes=N (in 3-D) and stores=cached|streamed, separated by
/// commas, for a grid of @p dims dimensions.
/// @throws core::UsageError that calls it @p name
TilingPolicy parse_tiling_policy(std::string_view text, int dims, std::string_view name);

/// The same from the environment variable MORPHOGEN_TILING as rank 0 of @p comm has it: launchers
/// can give each rank an environment of its own. Collective.
/// @throws core::UsageError on every rank
TilingPolicy tiling_policy_from_environment(int dims, const mpi::Communicator& comm = {});

} // namespace morphogen::simulation
