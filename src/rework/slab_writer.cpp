#include "rework/slab_writer.hpp"

#include "morphogen/core/contract.hpp"

#include "rework/box_copy.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace morphogen::rework {
namespace {

using core::Index;

std::vector<std::byte> missing_value(store::NumberType type) {
    std::vector<std::byte> bytes(bytes_of(type));
    with_number(type, [&]<typename T>(T value) {
        if constexpr (std::numeric_limits<T>::has_quiet_NaN)
            value = std::numeric_limits<T>::quiet_NaN();
        std::memcpy(bytes.data(), &value, sizeof value);
    });
    return bytes;
}

/// /data's axes without that of groups: those of a slab.
std::vector<Index> without_groups(const std::vector<Index>& axes, std::size_t leading) {
    return {axes.begin() + static_cast<std::ptrdiff_t>(leading) - 1, axes.end()};
}

} // namespace

SlabWriter::SlabWriter(const GatherShape& shape, Index slabs, int threads, store::StackFile& file)
    : shape_(shape), file_(file), most_(static_cast<std::size_t>(slabs)),
      slab_shape_(without_groups(shape.layout.shape, shape.leading_axes())),
      chunk_shape_(without_groups(shape.layout.chunk, shape.leading_axes())),
      missing_(missing_value(shape.layout.type)), tools_(static_cast<std::size_t>(threads)) {
    slab_shape_.front() = shape.slab_rows;
}

Slab& SlabWriter::take_slab(std::uint64_t group, Index first_row, Index rows) {
    if (free_.empty()) {
        MORPHOGEN_EXPECT(made_.size() < most_);
        made_.push_back(std::make_unique<Slab>());
        made_.back()->values = core::AlignedBuffer<std::byte>(shape_.slab_bytes());
        free_.push_back(made_.back().get());
    }
    Slab& slab = *free_.back();
    free_.pop_back();
    slab.group = group;
    slab.first_row = first_row;
    slab.rows_missing = rows;
    fill(slab.values.span().subspan(static_cast<std::size_t>(rows) * shape_.row_bytes));
    return slab;
}

std::span<std::byte> SlabWriter::row(Slab& slab, Index row) const {
    return slab.values.span().subspan(static_cast<std::size_t>(row) * shape_.row_bytes,
                                      shape_.row_bytes);
}

void SlabWriter::fill(std::span<std::byte> values) const {
    for (std::size_t i = 0; i < values.size(); i += missing_.size())
        std::memcpy(values.data() + i, missing_.data(), missing_.size());
}

void SlabWriter::complete_row(Slab& slab, Results<SlabChunk>& results) {
    if (--slab.rows_missing > 0) return;
    slab.chunks_missing = shape_.chunks_per_slab;
    for (Index number = 0; number < shape_.chunks_per_slab; ++number)
        results.add({.slab = &slab, .number = number, .stored = {}, .stored_bytes = 0});
}

/// In the slab, elements.
std::vector<Index> SlabWriter::origin_of(const SlabChunk& chunk) const {
    std::vector<Index> origin(slab_shape_.size(), 0);
    Index number = chunk.number;
    for (std::size_t a = origin.size(); a-- > 1;) {
        const Index along = (slab_shape_[a] + chunk_shape_[a] - 1) / chunk_shape_[a];
        origin[a] = number % along * chunk_shape_[a];
        number /= along;
    }
    return origin;
}

std::span<const std::byte> SlabWriter::raw_chunk(const SlabChunk& chunk, Tool& tool) const {
    if (shape_.chunks_per_slab == 1) return chunk.slab->values.span();
    if (tool.cut.empty()) tool.cut = core::AlignedBuffer<std::byte>(shape_.chunk_bytes);
    const std::vector<Index> origin = origin_of(chunk);
    const std::vector<Index> zero(origin.size(), 0);
    std::vector<Index> count(origin.size());
    bool whole = true;
    for (std::size_t a = 0; a < origin.size(); ++a) {
        count[a] = std::min(chunk_shape_[a], slab_shape_[a] - origin[a]);
        whole = whole && count[a] == chunk_shape_[a];
    }
    if (!whole) fill(tool.cut.span()); // what lies past the edge
    copy_box({chunk.slab->values.data(), slab_shape_, origin},
             {tool.cut.data(), chunk_shape_, zero}, count, missing_.size());
    return tool.cut.span();
}

core::AlignedBuffer<std::byte> SlabWriter::take_buffer() {
    const std::lock_guard lock(mutex_);
    if (buffers_.empty())
        return core::AlignedBuffer<std::byte>(
            codec::ChunkEncoder::bound(shape_.layout.filters, shape_.chunk_bytes));
    auto buffer = std::move(buffers_.back());
    buffers_.pop_back();
    return buffer;
}

void SlabWriter::encode(SlabChunk& chunk, int thread) {
    Tool& tool = tools_[static_cast<std::size_t>(thread)];
    if (!tool.encoder) tool.encoder.emplace(shape_.layout.filters, shape_.chunk_bytes);
    chunk.stored = take_buffer();
    chunk.stored_bytes = tool.encoder->encode(raw_chunk(chunk, tool), chunk.stored.span());
}

void SlabWriter::put(SlabChunk& chunk) {
    std::vector<Index> origin = origin_of(chunk);
    origin.front() = chunk.slab->first_row;
    if (shape_.leading_axes() == 2)
        origin.insert(origin.begin(), static_cast<Index>(chunk.slab->group));
    file_.put_chunk(origin, chunk.stored.span().first(chunk.stored_bytes));
    {
        const std::lock_guard lock(mutex_);
        buffers_.push_back(std::move(chunk.stored));
    }
    if (--chunk.slab->chunks_missing == 0) free_.push_back(chunk.slab);
}

} // namespace morphogen::rework
