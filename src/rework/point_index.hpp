#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace morphogen::rework {

/// Which blocks of a dataset hold which of some points, at any time: points in columns of blocks
/// along the first axis.
class PointIndex {
public:
    /// @param points inside the dataset, one index per axis but the first.
    PointIndex(const store::DatasetReader& reader, std::span<const core::Dims> points);

    static std::uint64_t memory(core::Index points);
    /// Bytes of the list that blocks() returns for @p frames frames, at most.
    std::uint64_t list_memory(core::Index frames) const;

    /// Those that hold a point in frames [first, last).
    std::vector<store::BlockId> blocks(core::Index first, core::Index last) const;

    /// The block's values into @p out [frame - first][point], for its frames in [first, last).
    void copy(const BlockView& block, core::Index first, core::Index last, std::byte* out) const;

private:
    struct Column { // of blocks that differ in time alone
        std::size_t piece;
        core::Index number; // of its first block
        std::size_t begin;  // of its points in order_
        std::size_t end;
    };
    const Column& column_of(store::BlockId block) const;

    const store::DatasetReader& reader_;
    std::span<const core::Dims> points_;
    std::vector<std::size_t> order_; // points, column by column
    std::vector<Column> columns_;    // by piece and number
};

} // namespace morphogen::rework
