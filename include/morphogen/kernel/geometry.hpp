#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/view.hpp"

#include <array>

namespace morphogen::kernel {

/// u and v of one block: views whose cell {0, 0, 0} is the block's first cell and whose shape is
/// the block's. `halo` more cells exist on each side of every axis that has a Face::halo
/// (BlockGeometry); u and v have the same pitches.
template <typename T>
struct Fields {
    core::View3<T> u; // [nz][ny][nx], dimensionless
    core::View3<T> v;

    Fields<const T> as_const() const noexcept { return {u.as_const(), v.as_const()}; }
};

/// What lies beyond a face of the block: cells that some block owns, filled in by the caller before
/// a sweep (a periodic edge too), or the grid's edge, whose ghost cells the sweep makes itself and
/// never reads from memory.
enum class Face { halo, zero, no_flux };

/// Which tiles a sweep computes. The interior ones read no cell beyond a Face::halo, so that they
/// can run while the halos travel; both parts together are `all`.
enum class Part { all, interior, border };

/// Where a block lies in the grid and what surrounds it. Axes are {z, y, x}.
struct BlockGeometry {
    int dims = 2;         // 2: one plane, axis z is not active and its faces are ignored
    core::Extents global; // of the whole grid
    core::Box block;      // in the grid
    std::array<std::array<Face, 2>, 3> faces{}; // [axis][low, high]
    core::Index halo = 0; // cells beyond each Face::halo that a sweep may read
};

} // namespace morphogen::kernel
