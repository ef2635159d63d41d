#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/kernel/stepper.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/process_grid.hpp"
#include "morphogen/simulation/simulation.hpp"

namespace morphogen::simulation {

/// kernel::choose_tiling() for the run's blocks of @p shape cells, made deeper by up to a quarter
/// where a frame's steps then need fewer sweeps: 34 steps take two sweeps of 17, not 12 + 11 + 11.
template <typename T>
kernel::Tiling planned_tiling(const config::Config& config, const core::Extents& shape,
                              kernel::Isa isa, int threads, kernel::Tiling wanted = {});

/// The tiling that all ranks of @p comm will use, rank 0's choice: as Options say, from the cache
/// of measurements, or measured by all ranks at the same time, since they share the memory's
/// bandwidth. Its depth is no more than the thinnest block. Collective.
kernel::Tiling agree_on_tiling(const config::Config& config, const mpi::Communicator& comm,
                               const mpi::ProcessGrid& grid, const Options& options);

} // namespace morphogen::simulation
