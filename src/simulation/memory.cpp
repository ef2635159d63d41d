#include "morphogen/simulation/memory.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/kernel/tuning.hpp"

#include "simulation/choose_tiling.hpp"
#include "simulation/geometry.hpp"
#include "simulation/halo_exchange.hpp"
#include "simulation/state.hpp"

#include <algorithm>

namespace morphogen::simulation {
namespace {

using core::Index;

/// The threads' tiles: of the tiling that is @p fixed in part, no deeper than @p deepest, or
/// whichever is measured to be the fastest.
template <typename T>
std::uint64_t tiles(const config::Config& config, const core::Extents& shape, kernel::Isa isa,
                    int threads, Index deepest, const kernel::Tiling& fixed) {
    const int dims = config.grid.dims;
    kernel::Tiling planned = planned_tiling<T>(config, shape, isa, threads, fixed);
    if (fixed != kernel::Tiling{}) {
        planned.depth = std::min(planned.depth, deepest);
        planned.rows = std::min(planned.rows, shape[1]); // no tile is larger than the block
        planned.columns = std::min(planned.columns, shape[2]);
        return kernel::tile_bytes<T>(dims, planned) * static_cast<std::uint64_t>(threads);
    }
    std::size_t most = 0;
    for (const kernel::Tiling& tiling :
         kernel::candidate_tilings<T>(dims, shape, isa, threads, planned.depth))
        most = std::max(most, kernel::tile_bytes<T>(dims, tiling));
    return most * static_cast<std::uint64_t>(threads);
}

} // namespace

mpi::ProcessGrid make_process_grid(const config::Config& config, Index ranks) {
    if (config.mpi.ranks)
        return mpi::ProcessGrid::from(config.grid.shape, config.grid.dims, *config.mpi.ranks,
                                      ranks);
    return mpi::ProcessGrid::choose(config.grid.shape, config.grid.dims, ranks);
}

std::uint64_t memory_per_rank(const config::Config& config, const mpi::ProcessGrid& grid,
                              int threads, const kernel::Tiling& fixed) {
    const int rank = 0; // the first parts of an even split are the largest
    const std::size_t cell_bytes = core::bytes_of(config.grid.precision);
    const kernel::Isa isa = config.threads.isa.value_or(kernel::best_isa());
    const core::Extents shape = grid.block(rank).shape();
    const Index depth = suitable_depth(config, grid, rank, isa, threads, fixed);
    std::uint64_t bytes = state_bytes(
        make_field_layout(shape, halo_widths(config, grid, depth), cell_bytes), cell_bytes);
    const bool periodic = config.physics.boundary == kernel::Boundary::periodic;
    for (const HaloLink& link : make_halo_links(grid, rank, periodic, depth, cell_bytes))
        bytes += 2 * link.bytes; // sent and received
    bytes += cell_bytes == 4 ? tiles<float>(config, shape, isa, threads, depth, fixed)
                             : tiles<double>(config, shape, isa, threads, depth, fixed);
    return bytes;
}

} // namespace morphogen::simulation
