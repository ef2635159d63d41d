#include "rework/point_index.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace morphogen::rework {

using core::Dims;
using core::Index;
using core::NdBox;

namespace {

/// The point at time @p t as a box of one element.
NdBox element_at(const Dims& point, Index t) {
    NdBox box{Dims(point.rank() + 1, t), Dims(point.rank() + 1, t + 1)};
    for (int a = 0; a < point.rank(); ++a) {
        box.lo[a + 1] = point[a];
        box.hi[a + 1] = point[a] + 1;
    }
    return box;
}

/// Blocks of a piece with the same time.
Index blocks_per_layer(const store::DatasetPiece& piece) {
    const Dims& counts = piece.grid.counts();
    return counts[0] > 0 ? core::volume(counts) / counts[0] : 1;
}

/// Where @p point lies in a piece, in the piece's own indices and at its first time; empty if it
/// does not.
NdBox in_piece(const store::DatasetPiece& piece, const Dims& point) {
    NdBox box = intersect(element_at(point, piece.place.lo[0]), piece.place);
    for (int a = 0; a < box.rank(); ++a) {
        box.lo[a] -= piece.shift[a];
        box.hi[a] -= piece.shift[a];
    }
    return box;
}

struct Entry {
    std::size_t piece;
    Index number; // of the column's block in the first layer
    std::size_t point;
};

} // namespace

PointIndex::PointIndex(const store::DatasetReader& reader, std::span<const Dims> points)
    : reader_(reader), points_(points) {
    std::vector<Entry> entries;
    for (std::size_t p = 0; p < reader.pieces().size(); ++p) {
        const store::DatasetPiece& piece = reader.pieces()[p];
        for (std::size_t i = 0; i < points.size(); ++i) {
            const NdBox box = in_piece(piece, points[i]);
            if (box.empty()) continue;
            const Index number = piece.grid.number_in(piece.grid.touched(box), 0);
            entries.push_back({p, number % blocks_per_layer(piece), i});
        }
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.piece, a.number, a.point) < std::tie(b.piece, b.number, b.point);
    });
    for (const Entry& entry : entries) {
        if (columns_.empty() || columns_.back().piece != entry.piece ||
            columns_.back().number != entry.number)
            columns_.push_back({entry.piece, entry.number, order_.size(), order_.size()});
        order_.push_back(entry.point);
        columns_.back().end = order_.size();
    }
}

std::uint64_t PointIndex::memory(Index points) {
    // Vectors that grow hold up to three times what is in them.
    return static_cast<std::uint64_t>(points) * 3 *
           (sizeof(Entry) + sizeof(std::size_t) + sizeof(Column));
}

std::uint64_t PointIndex::list_memory(Index frames) const {
    std::uint64_t blocks = 0;
    for (const Column& column : columns_) {
        const Index chunk = reader_.pieces()[column.piece].grid.chunk()[0];
        blocks += static_cast<std::uint64_t>((frames + chunk - 2) / chunk + 1);
    }
    return 3 * blocks * sizeof(store::BlockId);
}

std::vector<store::BlockId> PointIndex::blocks(Index first, Index last) const {
    std::vector<store::BlockId> blocks;
    for (std::size_t p = 0; p < reader_.pieces().size(); ++p) {
        const store::DatasetPiece& piece = reader_.pieces()[p];
        const Index begin = std::max(first, piece.place.lo[0]) - piece.shift[0];
        const Index end = std::min(last, piece.place.hi[0]) - piece.shift[0];
        const Index chunk = piece.grid.chunk()[0];
        for (Index layer = begin / chunk; begin < end && layer <= (end - 1) / chunk; ++layer)
            for (const Column& column : columns_)
                if (column.piece == p)
                    blocks.push_back({p, layer * blocks_per_layer(piece) + column.number});
    }
    return blocks;
}

const PointIndex::Column& PointIndex::column_of(store::BlockId block) const {
    const Index number = block.number % blocks_per_layer(reader_.pieces()[block.piece]);
    const auto found = std::lower_bound(
        columns_.begin(), columns_.end(), block, [&](const Column& column, const auto& wanted) {
            return std::tie(column.piece, column.number) < std::tie(wanted.piece, number);
        });
    MORPHOGEN_EXPECT(found != columns_.end() && found->number == number);
    return *found;
}

void PointIndex::copy(const BlockView& block, Index first, Index last, std::byte* out) const {
    const std::size_t element = reader_.element_size();
    const Dims extent = block.raw_box.shape();
    Index frame = 1; // elements from one time to the next
    for (int a = 1; a < extent.rank(); ++a)
        frame *= extent[a];
    const Index begin = std::max(first, block.box.lo[0]);
    const Index end = std::min(last, block.box.hi[0]);
    const Column& column = column_of(block.id);
    for (std::size_t i = column.begin; i < column.end; ++i) {
        const std::size_t point = order_[i];
        Index place = 0;
        for (int a = 1; a < extent.rank(); ++a)
            place = place * extent[a] + points_[point][a - 1] - block.raw_box.lo[a];
        for (Index t = begin; t < end; ++t) {
            const auto from = static_cast<std::size_t>((t - block.raw_box.lo[0]) * frame + place);
            const auto to = static_cast<std::size_t>(t - first) * points_.size() + point;
            std::memcpy(out + to * element, block.raw().data() + from * element, element);
        }
    }
}

} // namespace morphogen::rework
