#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/kernel/geometry.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/kernel/stepper.hpp"
#include "morphogen/mpi/process_grid.hpp"

namespace morphogen::simulation {

/// Where @p rank's block lies and what surrounds it, with @p halo cells beyond the faces that have
/// a neighbour.
kernel::BlockGeometry block_geometry(const config::Config& config, const mpi::ProcessGrid& grid,
                                     int rank, core::Index halo);

/// Cells of halo on each side of each axis of every block: `halo` where the axis is cut or
/// periodic, else 0.
core::Extents halo_widths(const config::Config& config, const mpi::ProcessGrid& grid,
                          core::Index halo);

/// The deepest halo, and most steps per exchange, that a rank plans for with the tiling that is
/// @p fixed in part: no deeper than the thinnest block is.
core::Index suitable_depth(const config::Config& config, const mpi::ProcessGrid& grid, int rank,
                           kernel::Isa isa, int threads, const kernel::Tiling& fixed);

} // namespace morphogen::simulation
