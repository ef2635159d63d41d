#include "simulation/geometry.hpp"

#include "simulation/choose_tiling.hpp"

#include <algorithm>

namespace morphogen::simulation {
namespace {

using core::Extents;
using core::Index;
using kernel::Boundary;
using kernel::Face;

bool is_periodic(const config::Config& config) noexcept {
    return config.physics.boundary == Boundary::periodic;
}

Face edge(Boundary boundary) noexcept {
    switch (boundary) {
    case Boundary::zero:
        return Face::zero;
    case Boundary::no_flux:
        return Face::no_flux;
    case Boundary::periodic:
        break;
    }
    return Face::halo;
}

} // namespace

kernel::BlockGeometry block_geometry(const config::Config& config, const mpi::ProcessGrid& grid,
                                     int rank, Index halo) {
    const Extents at = grid.coordinates(rank);
    kernel::BlockGeometry geometry{.dims = grid.dims(),
                                   .global = grid.global(),
                                   .block = grid.block(rank),
                                   .faces = {},
                                   .halo = halo};
    for (std::size_t a = 0; a < 3; ++a) {
        const Face outside = edge(config.physics.boundary);
        geometry.faces[a] = {at[a] > 0 ? Face::halo : outside,
                             at[a] + 1 < grid.shape()[a] ? Face::halo : outside};
    }
    return geometry;
}

Extents halo_widths(const config::Config& config, const mpi::ProcessGrid& grid, Index halo) {
    Extents widths{};
    for (std::size_t a = static_cast<std::size_t>(3 - grid.dims()); a < 3; ++a)
        widths[a] = is_periodic(config) || grid.shape()[a] > 1 ? halo : 0;
    return widths;
}

Index suitable_depth(const config::Config& config, const mpi::ProcessGrid& grid, int rank,
                     kernel::Isa isa, int threads, const kernel::Tiling& fixed) {
    const Extents shape = grid.block(rank).shape();
    const Index depth = config.grid.precision == core::Precision::f32
                            ? planned_tiling<float>(config, shape, isa, threads, fixed).depth
                            : planned_tiling<double>(config, shape, isa, threads, fixed).depth;
    return std::min(depth, grid.thinnest(is_periodic(config)));
}

} // namespace morphogen::simulation
