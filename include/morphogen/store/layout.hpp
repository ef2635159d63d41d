#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/config/config.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"

#include <vector>

namespace morphogen::store {

/// What the frames of one run look like on disk, and which part of them one rank holds.
struct FrameLayout {
    int dims = 2; // 2 or 3 spatial axes
    core::Precision precision = core::Precision::f32;
    core::Extents global{1, 1, 1}; // {nz, ny, nx} cells of the whole grid
    core::Box block;               // of this rank, in cells of the grid
    core::Extents chunk{1, 1, 1};  // cells per chunk, one frame deep; at most the block's shape
                                   // (parts) or the grid's (shared)
    std::vector<core::Field> fields{core::Field::v};
    codec::FilterPipeline filters;
    double spacing = 1.0; // h: cell centres lie at (i + 1/2) h

    /// Chunks per frame and field of this rank's block: every chunk of a file that holds only the
    /// block.
    core::Index chunks() const noexcept;
    /// The cells that chunk number @p index (row-major) covers, in cells of the block, clipped to
    /// it.
    core::Box chunk_box(core::Index index) const noexcept;
    std::size_t
    chunk_bytes() const noexcept; // raw, of a whole chunk: what HDF5 stores at the edges too
    std::size_t field_bytes() const noexcept; // of this block
    std::size_t frame_bytes() const noexcept; // of all stored fields of this block
};

/// The layout for one rank's block; "auto" chunks aim at the size that compresses in parallel and
/// reads well.
FrameLayout make_layout(const config::Config& config, const core::Box& block);

/// Copies chunk @p index of a dense block (one field, layout.precision) into @p raw, chunk_bytes()
/// long, row by row; cells beyond the block's edge repeat the nearest cell (they compress best and
/// nobody reads them).
void gather_chunk(const FrameLayout& layout, core::Index index, const std::byte* field,
                  std::byte* raw);

} // namespace morphogen::store
