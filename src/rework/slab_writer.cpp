#include "rework/slab_writer.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>
#include <limits>
#include <new>
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

/// The chunks of one slab: /data's axes without that of groups.
core::ChunkGrid slab_grid(const GatherShape& shape) {
    const std::size_t skipped = shape.leading_axes() - 1;
    auto slab = core::Dims::from(std::span(shape.layout.shape).subspan(skipped));
    slab[0] = shape.slab_rows;
    return {slab, core::Dims::from(std::span(shape.layout.chunk).subspan(skipped))};
}

} // namespace

SlabWriter::SlabWriter(const GatherShape& shape, Index slabs, int threads, store::StackFile& file)
    : shape_(shape), file_(file), most_(static_cast<std::size_t>(slabs)), grid_(slab_grid(shape)),
      missing_(missing_value(shape.layout.type)), tools_(static_cast<std::size_t>(threads)) {}

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

std::span<const std::byte> SlabWriter::raw_chunk(const SlabChunk& chunk, Tool& tool) const {
    if (shape_.chunks_per_slab == 1) return chunk.slab->values.span();
    if (tool.cut.empty()) tool.cut = core::AlignedBuffer<std::byte>(shape_.chunk_bytes);
    const core::NdBox inside = grid_.box(chunk.number);
    const core::NdBox whole = grid_.full_box(chunk.number);
    if (inside != whole) fill(tool.cut.span()); // what lies past the edge
    core::copy_box(inside, chunk.slab->values.data(), core::NdBox::whole(grid_.shape()),
                   tool.cut.data(), whole, missing_.size());
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

void SlabWriter::encode(SlabChunk& chunk, int thread) try {
    Tool& tool = tools_[static_cast<std::size_t>(thread)];
    if (!tool.encoder) tool.encoder.emplace(shape_.layout.filters, shape_.chunk_bytes);
    chunk.stored = take_buffer();
    chunk.stored_bytes = tool.encoder->encode(raw_chunk(chunk, tool), chunk.stored.span());
} catch (const std::bad_alloc&) {
    const std::string where =
        fmt::format("/data, chunk at ({})", fmt::join(origin_of(chunk), ", "));
    throw core::Error(core::ErrorText{
        .what = "cannot encode chunk", .where = where, .why = "out of memory; give less --memory"});
}

std::vector<Index> SlabWriter::origin_of(const SlabChunk& chunk) const {
    const core::Dims inside = grid_.full_box(chunk.number).lo;
    std::vector<Index> origin(inside.begin(), inside.end());
    origin.front() = chunk.slab->first_row;
    if (shape_.leading_axes() == 2)
        origin.insert(origin.begin(), static_cast<Index>(chunk.slab->group));
    return origin;
}

void SlabWriter::put(SlabChunk& chunk) {
    file_.put_chunk(origin_of(chunk), chunk.stored.span().first(chunk.stored_bytes));
    {
        const std::lock_guard lock(mutex_);
        buffers_.push_back(std::move(chunk.stored));
    }
    if (--chunk.slab->chunks_missing == 0) free_.push_back(chunk.slab);
}

} // namespace morphogen::rework
