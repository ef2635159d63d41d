#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstdint>

namespace morphogen::rework {

/// A dataset is rewritten slab by slab: a slab's elements are gathered in memory from all the
/// blocks that it touches, then cut into new chunks.
struct SlabPlan {
    core::ChunkGrid slabs; // over the dataset; each a whole number of new chunks
    double passes = 1.0;   // elements decoded, relative to those there are
};

/// The slabs of at most @p elements elements that decode the fewest blocks more than once; of equal
/// ones the largest. @p unit: a new chunk (no larger than @p elements, at most the shape along each
/// axis).
/// @p block: of the old layout.
SlabPlan plan_slabs(const core::Dims& shape, const core::Dims& block, const core::Dims& unit,
                    core::Index elements);

} // namespace morphogen::rework
