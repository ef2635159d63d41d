#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace morphogen::rework {

/// Where a block comes when a dataset is swept: by its first index along the first axis, then in
/// the order in which blocks are numbered.
struct SweepPlace {
    core::Index first = 0;
    std::size_t piece = 0;
    core::Index number = 0;

    friend auto operator<=>(const SweepPlace&, const SweepPlace&) = default;
};

SweepPlace sweep_place(const store::DatasetReader& reader, store::BlockId block);

/// On one sweep.
struct SweepLimits {
    core::Index open = 1; // boxes that are begun and not complete, at any block; at least 1
    core::Index uses = 1; // pairs of a box and a block; one box may have more alone
};

/// Boxes in the order of the work: sweep s does order[ends[s - 1] .. ends[s]).
struct SweepPlan {
    std::vector<core::Index> order; // numbers of boxes
    std::vector<core::Index> ends;

    /// Bytes that planning takes for each box, at most.
    static constexpr std::uint64_t memory_per_box =
        sizeof(core::Index) + 2 * sizeof(SweepPlace) + sizeof(core::Index) + // kept to the end
        3 * sizeof(SweepPlace); // while the open ones are counted
};

/// Groups boxes of one shape so that within a group each block is read once, in order, and the
/// limits hold. Where one sweep over everything would have too many open, the boxes are parted
/// along the axes other than the first, between chunks, since neighbours along the first do not add
/// up; where those no longer part them, every other one is put off.
/// @param origins [box][axis], first elements, inside the dataset.
SweepPlan plan_sweeps(const store::DatasetReader& reader, std::span<const std::int64_t> origins,
                      const core::Dims& shape, const SweepLimits& limits);

} // namespace morphogen::rework
