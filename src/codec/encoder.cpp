#include "morphogen/codec/encoder.hpp"

#include "morphogen/codec/fletcher32.hpp"
#include "morphogen/codec/shuffle.hpp"
#include "morphogen/core/contract.hpp"

#include "codec/block_codec.hpp"

#include <cstdint>
#include <cstring>
#include <limits>

namespace morphogen::codec {
namespace {

bool shuffles(const FilterPipeline& pipeline) noexcept {
    return pipeline.shuffle && pipeline.element_size > 1;
}

std::size_t compressor_bound(Compressor compressor, std::size_t bytes) noexcept {
    switch (compressor) {
    case Compressor::deflate:
        return deflate_bound(bytes);
    case Compressor::zstd:
        return zstd_bound(bytes);
    case Compressor::lz4:
        return lz4_bound(bytes);
    case Compressor::none:
        break;
    }
    return bytes;
}

std::unique_ptr<BlockCompressor> make_compressor(const FilterPipeline& pipeline,
                                                 std::size_t max_bytes) {
    const Codec& codec = pipeline.codec;
    switch (codec.compressor) {
    case Compressor::deflate:
        return make_deflate_compressor(codec.level, shuffles(pipeline) ? pipeline.element_size : 1);
    case Compressor::zstd:
        return make_zstd_compressor(codec.level, max_bytes);
    case Compressor::lz4:
        return make_lz4_compressor();
    case Compressor::none:
        break;
    }
    return nullptr;
}

} // namespace

ChunkEncoder::ChunkEncoder(const FilterPipeline& pipeline, std::size_t chunk_bytes)
    : pipeline_(pipeline), chunk_bytes_(chunk_bytes) {
    MORPHOGEN_EXPECT(pipeline.element_size >= 1);
    if (bound(pipeline, chunk_bytes) > std::numeric_limits<std::uint32_t>::max())
        throw core::Error(core::ErrorText{.what = "chunk too large",
                                          .where = std::to_string(chunk_bytes) + " bytes",
                                          .why = "HDF5 stores chunks of less than 4 GiB",
                                          .advice = "choose smaller chunks"});
    compressor_ = make_compressor(pipeline, chunk_bytes);
    if (compressor_ && shuffles(pipeline)) shuffled_ = core::AlignedBuffer<std::byte>(chunk_bytes);
}

ChunkEncoder::~ChunkEncoder() = default;
ChunkEncoder::ChunkEncoder(ChunkEncoder&&) noexcept = default;
ChunkEncoder& ChunkEncoder::operator=(ChunkEncoder&&) noexcept = default;

std::size_t ChunkEncoder::bound(const FilterPipeline& pipeline, std::size_t chunk_bytes) {
    return compressor_bound(pipeline.codec.compressor, chunk_bytes) +
           (pipeline.checksum ? fletcher32_bytes : 0);
}

std::size_t ChunkEncoder::encode(std::span<const std::byte> raw, std::span<std::byte> out) {
    MORPHOGEN_EXPECT(raw.size() <= chunk_bytes_ && out.size() >= bound(pipeline_, raw.size()));
    if (!shuffles(pipeline_)) return store(raw, out);
    const auto shuffled = (compressor_ ? shuffled_.span() : out).first(raw.size());
    shuffle_bytes(raw, shuffled, pipeline_.element_size);
    return store(shuffled, out);
}

std::size_t ChunkEncoder::encode_shuffled(std::span<const std::byte> shuffled,
                                          std::span<std::byte> out) {
    MORPHOGEN_EXPECT(shuffled.size() <= chunk_bytes_ &&
                     out.size() >= bound(pipeline_, shuffled.size()));
    return store(shuffled, out);
}

void ChunkEncoder::begin(std::size_t raw_bytes, std::span<std::byte> out) {
    MORPHOGEN_EXPECT(raw_bytes <= chunk_bytes_ && out.size() >= bound(pipeline_, raw_bytes));
    if (compressor_ && shuffled_.empty()) shuffled_ = core::AlignedBuffer<std::byte>(chunk_bytes_);
    out_ = out;
    gathered_ = (compressor_ ? shuffled_.span() : out).first(raw_bytes);
    added_ = 0;
}

void ChunkEncoder::add(std::span<const std::byte> row) {
    MORPHOGEN_EXPECT(row.size() <= gathered_.size() - added_);
    if (shuffles(pipeline_))
        shuffle_part(row, gathered_, added_ / pipeline_.element_size, pipeline_.element_size);
    else if (!row.empty())
        std::memcpy(gathered_.data() + added_, row.data(), row.size());
    added_ += row.size();
}

std::size_t ChunkEncoder::finish() {
    MORPHOGEN_EXPECT(added_ == gathered_.size());
    return store(gathered_, out_);
}

/// Compressor and checksum. Without a compressor @p filtered may be in @p out already.
std::size_t ChunkEncoder::store(std::span<const std::byte> filtered, std::span<std::byte> out) {
    std::size_t bytes = filtered.size();
    if (compressor_)
        bytes = compressor_->compress(
            filtered, out.first(compressor_bound(pipeline_.codec.compressor, filtered.size())));
    else if (!filtered.empty() && filtered.data() != out.data())
        std::memcpy(out.data(), filtered.data(), filtered.size());
    if (!pipeline_.checksum) return bytes;
    const std::uint32_t sum = fletcher32(out.first(bytes));
    for (std::size_t i = 0; i < fletcher32_bytes; ++i)
        out[bytes + i] = static_cast<std::byte>((sum >> (8 * i)) & 0xff);
    return bytes + fletcher32_bytes;
}

std::size_t ChunkEncoder::memory() const noexcept {
    return shuffled_.size() + (compressor_ ? compressor_->memory() : 0);
}

} // namespace morphogen::codec
