#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/kernel/geometry.hpp"
#include "morphogen/kernel/physics.hpp"

#include <algorithm>
#include <cstddef>

namespace morphogen::kernel {

struct Range {
    core::Index lo, hi;
};

/// One axis of a tile: what each level must hold.
struct Axis {
    Range tile;
    Range grid; // the grid's cells, numbered from the block's first; without end where the grid is
                // periodic
    Face below, above; // what lies beyond the grid's edges

    Range needed(core::Index reach) const noexcept {
        return {std::max(tile.lo - reach, grid.lo), std::min(tile.hi + reach, grid.hi)};
    }
    bool ghost_below(Range r) const noexcept { return r.lo == grid.lo; }
    bool ghost_above(Range r) const noexcept { return r.hi == grid.hi; }
};

/// A face that is not a halo is the grid's edge. Behind a halo the edge may be near, too: halos may
/// be deeper than the neighbours that fill them.
inline Axis make_axis(const BlockGeometry& g, Boundary boundary, const core::Box& tile,
                      std::size_t a) noexcept {
    constexpr core::Index far = core::Index{1} << 62;
    Axis axis{{tile.lo[a], tile.hi[a]}, {-far, far}, g.faces[a][0], g.faces[a][1]};
    const Face edge = boundary == Boundary::zero ? Face::zero : Face::no_flux;
    if (axis.below != Face::halo) {
        axis.grid.lo = 0;
    } else if (boundary != Boundary::periodic) {
        axis.grid.lo = -g.block.lo[a];
        axis.below = edge;
    }
    if (axis.above != Face::halo) {
        axis.grid.hi = g.block.shape()[a];
    } else if (boundary != Boundary::periodic) {
        axis.grid.hi = g.global[a] - g.block.lo[a];
        axis.above = edge;
    }
    return axis;
}

} // namespace morphogen::kernel
