#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/kernel/geometry.hpp"
#include "morphogen/kernel/stepper.hpp"

#include "kernel/row_kernels.hpp"
#include "kernel/tile_queue.hpp"

#include <cstddef>
#include <cstdint>

namespace morphogen::kernel {

/// What all tiles of a sweep share.
template <typename T>
struct Sweep {
    const RowKernels<T>* kernels;
    void (*walk)(const Walk<T>&, const Coefficients<T>&);
    Coefficients<T> coefficients;
    std::uint64_t seed;
    Boundary boundary;
    BlockGeometry geometry;
    Fields<const T> from;
    Fields<T> to;
    core::Index first_step;
    core::Index steps;
    void (*copy_row)(const T* from, T* to, core::Index count); // into `to`
};

/// The buffers of a thread: for each level (0: input ... depth: output) a ring of slabs, of u and
/// behind them of v. A slab is what the tile has at one place of the axis that it streams along: in
/// 2-D a row, in 3-D a plane.
struct TileLayout {
    int dims;
    core::Index depth;
    core::Index group;    // slabs computed at a time by each level
    core::Index ring;     // slabs kept per level, or in all
    core::Index lead;     // columns before the tile's first, whole lines
    core::Index top;      // 3-D: rows of a slab before the tile's first
    core::Index pitch;    // between rows, elements
    core::Index slab;     // elements
    core::Index v_offset; // from u to v
    core::Index level;    // between levels; 0: all levels share one ring
    core::Index shift;    // slabs that each level is ahead of the one before in its ring

    core::Index elements() const noexcept { return depth * level + 2 * v_offset + lead; }
};

template <typename T>
TileLayout tile_layout(int dims, const Tiling& tiling) noexcept;

/// Whether a tile (cells of the block) reads beyond a Face::halo.
bool reads_halo(const BlockGeometry& geometry, const core::Box& tile, core::Index steps) noexcept;

/// The axis that tiles stream along: their rows in 2-D, their planes in 3-D.
inline std::size_t streamed_axis(int dims) noexcept {
    return dims == 3 ? 0 : 1;
}

/// Takes a tile (cells of the block) through all steps of the sweep: reads `from`, streams it level
/// by level through @p memory, elements() long and aligned to a line, writes the tile's cells of
/// `to`, but for those that others take over from @p share, where the tile was opened.
template <typename T>
void run_tile(const Sweep<T>& sweep, const TileLayout& layout, T* memory, const core::Box& tile,
              TileShare& share) noexcept;

} // namespace morphogen::kernel
