#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/config/config.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace morphogen::mpi {
class Communicator;
}

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
    std::size_t chunk_row_bytes() const noexcept; // raw, along the fastest axis
    std::size_t block_row_bytes() const noexcept; // of this rank's block, likewise
    std::size_t
    chunk_bytes() const noexcept; // raw, of a whole chunk: what HDF5 stores at the edges too
    std::size_t field_bytes() const noexcept; // of this block
    std::size_t frame_bytes() const noexcept; // of all stored fields of this block
};

/// The layout for one rank's block; "auto" chunks aim at the size that compresses in parallel and
/// reads well.
FrameLayout make_layout(const config::Config& config, const core::Box& block);

/// Every rank's block, by rank. Collective.
std::vector<core::Box> all_blocks(const core::Box& mine, const mpi::Communicator& comm);

/// Where a chunk's rows lie in a dense block.
struct ChunkRow {
    const std::byte* cells = nullptr;
    std::size_t inside = 0; // bytes of it that the block has; the rest, up to a chunk's row,
                            // repeats the last of them
};

/// Calls @p visit(ChunkRow) for each row of chunk @p index of a dense block (one field,
/// layout.precision), in order; rows beyond the block's edge repeat the nearest row.
template <typename Visit>
void for_each_chunk_row(const FrameLayout& layout, core::Index index, const std::byte* field,
                        Visit&& visit) {
    const core::Extents n = layout.block.shape();
    const core::Box box = layout.chunk_box(index);
    const std::size_t element = core::bytes_of(layout.precision);
    const std::size_t inside = static_cast<std::size_t>(box.hi[2] - box.lo[2]) * element;
    for (core::Index z = box.lo[0]; z < box.lo[0] + layout.chunk[0]; ++z)
        for (core::Index y = box.lo[1]; y < box.lo[1] + layout.chunk[1]; ++y) {
            const core::Index row = std::min(z, n[0] - 1) * n[1] + std::min(y, n[1] - 1);
            visit(ChunkRow{field + static_cast<std::size_t>(row * n[2] + box.lo[2]) * element,
                           inside});
        }
}

/// Copies @p row to @p raw, which holds a whole chunk's row.
void copy_chunk_row(const FrameLayout& layout, const ChunkRow& row, std::span<std::byte> raw);

/// Copies chunk @p index of a dense block (one field, layout.precision) into @p raw, chunk_bytes()
/// long, row by row; cells beyond the block's edge repeat the nearest cell (they compress best and
/// nobody reads them).
void gather_chunk(const FrameLayout& layout, core::Index index, const std::byte* field,
                  std::byte* raw);

} // namespace morphogen::store
