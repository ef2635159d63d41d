#include "rework/item_decoder.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/nd_box.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace morphogen::rework {
namespace {

bool same_filters(const std::vector<codec::Hdf5Filter>& a,
                  const std::vector<codec::Hdf5Filter>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.id == y.id && x.values == y.values;
    });
}

std::string place_of(const store::SmallDataset& data, const store::ImageChunk& chunk) {
    return fmt::format("chunk [{}], offset {}, length {}",
                       fmt::join(std::span(chunk.origin).first(data.shape.size()), ", "),
                       chunk.offset, chunk.length);
}

} // namespace

void ItemDecoder::decode(const store::SmallDataset& data, std::span<const std::byte> image,
                         std::span<std::byte> values) {
    if (data.chunk_bytes() > largest_chunk_)
        throw core::Error(
            core::ErrorText{.what = "chunks too large",
                            .why = fmt::format("they have {} each, memory was planned for {}",
                                               core::format_size(data.chunk_bytes()),
                                               core::format_size(largest_chunk_)),
                            .advice = "list a file with the largest chunks first"});
    if (data.chunk == data.shape) {
        decode_chunk(data, data.chunks.front(), image, values);
    } else {
        const std::size_t bytes = data.chunk_bytes();
        if (scratch_.size() < bytes) scratch_ = core::AlignedBuffer<std::byte>(bytes);
        const std::span<std::byte> raw = scratch_.span().first(bytes);
        const core::NdBox item = core::NdBox::whole(core::Dims::from(data.shape));
        const auto shape = core::Dims::from(data.chunk);
        for (const store::ImageChunk& chunk : data.chunks) {
            decode_chunk(data, chunk, image, raw);
            const auto origin = core::Dims::from(std::span(chunk.origin).first(data.shape.size()));
            const core::NdBox whole = core::NdBox::whole(shape) + origin;
            core::copy_box(core::intersect(whole, item), raw.data(), whole, values.data(), item,
                           store::bytes_of(data.type));
        }
    }
    if (data.swapped) store::swap_bytes(values, store::bytes_of(data.type));
}

void ItemDecoder::decode_chunk(const store::SmallDataset& data, const store::ImageChunk& chunk,
                               std::span<const std::byte> image, std::span<std::byte> raw) {
    const std::span<const std::byte> stored = image.subspan(chunk.offset, chunk.length);
    if (data.filters.empty()) {
        if (stored.size() != raw.size()) {
            const std::string where = place_of(data, chunk);
            throw core::Error(
                core::ErrorText{.what = "damaged chunk",
                                .where = where,
                                .why = fmt::format("{} bytes were expected", raw.size())});
        }
        std::memcpy(raw.data(), stored.data(), raw.size());
        return;
    }
    try {
        decoder_for(data).decode(stored, raw, chunk.filter_mask);
    } catch (const core::Error& error) {
        const std::string where = place_of(data, chunk);
        throw core::Error(
            core::ErrorText{.what = "damaged chunk", .where = where, .why = error.what()});
    }
}

codec::ChunkDecoder& ItemDecoder::decoder_for(const store::SmallDataset& data) {
    const std::uint64_t bytes = data.chunk_bytes();
    if (!decoder_ || bytes != chunk_bytes_ || !same_filters(filters_, data.filters)) {
        decoder_.reset();
        decoder_.emplace(data.filters, bytes);
        filters_ = data.filters;
        chunk_bytes_ = bytes;
    }
    return *decoder_;
}

} // namespace morphogen::rework
