#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/block_stream.hpp"

#include <cstddef>

namespace morphogen::rework {

// Elements of a box, a slab, in memory for chunks that the shuffle filter goes through: chunk after
// chunk (clipped to the slab), each with the bytes of its elements apart. Blocks that are shuffled
// themselves come into it, and chunks out of it, without being put together and taken apart again,
// and each chunk lies in one piece.

/// Whether it pays: where rows are short, copying each byte's row by itself costs more.
/// @p block: of the old layout.
bool suits_shuffled_slab(const codec::FilterPipeline& filters, const core::Dims& chunk,
                         const core::Dims& block);

/// The elements of @p slab before those of @p inside, a chunk of the grid clipped to it.
core::Index elements_before(const core::NdBox& slab, const core::NdBox& inside) noexcept;

/// What @p block holds of @p slab, to its place. @param grid of the new chunks.
void place_shuffled(const BlockView& block, const core::ChunkGrid& grid, std::byte* elements,
                    const core::NdBox& slab, std::size_t element);

} // namespace morphogen::rework
