#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/kernel/stepper.hpp"
#include "morphogen/mpi/process_grid.hpp"

#include <cstdint>

namespace morphogen::simulation {

/// Cut of the configuration's grid among @p ranks, as configured ([mpi] ranks) or chosen. @throws
/// core::UsageError
mpi::ProcessGrid make_process_grid(const config::Config& config, core::Index ranks);

/// Bytes the rank with the largest block needs for state, halos and the threads' tiles, whichever
/// tiling is chosen where @p fixed leaves it open; without frames for the writer.
std::uint64_t memory_per_rank(const config::Config& config, const mpi::ProcessGrid& grid,
                              int threads, const kernel::Tiling& fixed = {});

} // namespace morphogen::simulation
