#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/kernel/stepper.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/process_grid.hpp"
#include "morphogen/simulation/simulation.hpp"

namespace morphogen::simulation {

/// The tiling that all ranks of @p comm will use, rank 0's choice: as Options say, from the cache
/// of measurements, or measured by all ranks at the same time, since they share the memory's
/// bandwidth. Its depth is no more than the thinnest block. Collective.
kernel::Tiling agree_on_tiling(const config::Config& config, const mpi::Communicator& comm,
                               const mpi::ProcessGrid& grid, const Options& options);

} // namespace morphogen::simulation
