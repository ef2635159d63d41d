#include "morphogen/codec/decoder.hpp"

#include "morphogen/codec/fletcher32.hpp"
#include "morphogen/codec/shuffle.hpp"
#include "morphogen/core/contract.hpp"

#include "codec/block_codec.hpp"

#include <algorithm>
#include <string>

namespace morphogen::codec {
namespace {

enum FilterId : unsigned {
    deflate_id = 1,
    shuffle_id = 2,
    fletcher32_id = 3,
    lz4_id = 32004,
    zstd_id = 32015
};

bool is_compressor(unsigned id) noexcept {
    return id == deflate_id || id == lz4_id || id == zstd_id;
}

std::unique_ptr<BlockDecompressor> make_decompressor(unsigned id) {
    switch (id) {
    case deflate_id:
        return make_deflate_decompressor();
    case lz4_id:
        return make_lz4_decompressor();
    default:
        return make_zstd_decompressor();
    }
}

[[noreturn]] void refuse(const Hdf5Filter& filter, std::string_view why) {
    const std::string where =
        std::to_string(filter.id) + (filter.name.empty() ? "" : ", ") + std::string(filter.name);
    throw core::Error(core::ErrorText{.what = "cannot decode filter", .where = where, .why = why});
}

/// The stored bytes without their checksum, which must be right.
std::span<const std::byte> check_fletcher32(std::span<const std::byte> stored) {
    if (stored.size() < fletcher32_bytes)
        filter_failed("fletcher32", "the chunk is shorter than its checksum");
    const auto data = stored.first(stored.size() - fletcher32_bytes);
    std::uint32_t expected = 0;
    for (std::size_t i = 0; i < fletcher32_bytes; ++i)
        expected |= std::to_integer<std::uint32_t>(stored[data.size() + i]) << (8 * i);
    const std::uint32_t sum = fletcher32(data);
    if (expected != sum && expected != fletcher32_swapped(sum))
        filter_failed("fletcher32", "the checksum differs, the stored bytes are damaged");
    return data;
}

} // namespace

/// The steps that this chunk went through, in the order of writing, and the bytes that entered
/// each.
struct ChunkDecoder::Active {
    static constexpr std::size_t most =
        32; // HDF5's own limit (H5Z_MAX_NFILTERS); the mask has as many bits
    std::array<Step, most> steps;
    std::array<std::size_t, most> sizes;
    std::size_t count = 0;
    std::size_t moves = 0; // steps that write their result elsewhere
};

ChunkDecoder::ChunkDecoder(std::span<const Hdf5Filter> filters, std::size_t chunk_bytes)
    : chunk_bytes_(chunk_bytes) {
    if (filters.size() > Active::most)
        refuse(filters[Active::most], "there are more than 32 filters");
    for (const Hdf5Filter& filter : filters)
        add(filter);
    allocate_scratch();
}

ChunkDecoder::ChunkDecoder(const FilterPipeline& pipeline, std::size_t chunk_bytes)
    : ChunkDecoder(hdf5_filters(pipeline), chunk_bytes) {}

ChunkDecoder::~ChunkDecoder() = default;
ChunkDecoder::ChunkDecoder(ChunkDecoder&&) noexcept = default;
ChunkDecoder& ChunkDecoder::operator=(ChunkDecoder&&) noexcept = default;

bool ChunkDecoder::supports(std::span<const Hdf5Filter> filters) noexcept {
    if (filters.size() > Active::most) return false;
    std::size_t compressors = 0;
    for (const Hdf5Filter& filter : filters) {
        if (is_compressor(filter.id))
            ++compressors;
        else if (filter.id == shuffle_id &&
                 (filter.values.empty() || filter.values[0] == 0 || compressors > 0))
            return false;
        else if (filter.id != shuffle_id && filter.id != fletcher32_id)
            return false;
    }
    return compressors <= 1;
}

void ChunkDecoder::add(const Hdf5Filter& filter) {
    if (filter.id == shuffle_id) {
        if (filter.values.empty() || filter.values[0] == 0)
            refuse(filter, "it has no element size");
        // Its output has the size of a compressed stream, which nothing tells beforehand.
        if (decompressor_) refuse(filter, "it comes after a compressor");
        steps_.push_back({Kind::shuffle, filter.values[0]});
    } else if (filter.id == fletcher32_id) {
        steps_.push_back({Kind::fletcher32, 0});
    } else if (is_compressor(filter.id)) {
        // A second one's output has a size that nothing but the first one's stream tells.
        if (decompressor_) refuse(filter, "it is the second compressor of its pipeline");
        decompressor_ = make_decompressor(filter.id);
        steps_.push_back({Kind::compressor, 0});
    } else {
        refuse(filter, "only shuffle, deflate, fletcher32, lz4 and zstd are known here");
    }
}

void ChunkDecoder::allocate_scratch() {
    std::size_t moves = 0;
    std::size_t largest = chunk_bytes_;
    bool checksum_within =
        false; // a checksum below a move: its result is longer than the caller's buffer
    for (const Step& step : steps_) {
        if (step.kind == Kind::fletcher32) {
            largest += fletcher32_bytes;
        } else {
            ++moves;
            checksum_within |= largest > chunk_bytes_;
        }
    }
    // The last move writes to the caller's buffer where it fits; the others take turns.
    if (moves > 1) scratch_[0] = core::AlignedBuffer<std::byte>(largest);
    if (moves > 2 || checksum_within) scratch_[1] = core::AlignedBuffer<std::byte>(largest);
}

void ChunkDecoder::decode(std::span<const std::byte> stored, std::span<std::byte> raw,
                          std::uint32_t filter_mask) {
    const ShuffledBytes last = decode_shuffled(stored, raw, filter_mask);
    if (last.bytes.data() != raw.data()) unshuffle_bytes(last.bytes, raw, last.element_size);
}

ShuffledBytes ChunkDecoder::decode_shuffled(std::span<const std::byte> stored,
                                            std::span<std::byte> raw, std::uint32_t filter_mask) {
    MORPHOGEN_EXPECT(raw.size() <= chunk_bytes_);
    Active active;
    std::size_t size = raw.size();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        if ((filter_mask >> i & 1U) != 0) continue;
        active.steps[active.count] = steps_[i];
        active.sizes[active.count++] = size;
        if (steps_[i].kind == Kind::fletcher32)
            size += fletcher32_bytes;
        else
            ++active.moves;
    }
    std::span<const std::byte> data = stored;
    while (active.count > 0) {
        const Step step = active.steps[--active.count];
        if (step.kind == Kind::fletcher32) {
            data = check_fletcher32(data);
            continue;
        }
        size = active.sizes[active.count];
        const bool unshuffles = step.kind == Kind::shuffle;
        if (unshuffles && data.size() != size)
            filter_failed("shuffle", "the chunk has a wrong size");
        const std::size_t later = --active.moves;
        if (unshuffles && active.count == 0) return {data, step.element_size};
        const std::span<std::byte> to = later == 0 && size == raw.size()
                                            ? raw
                                            : scratch_[later % 2 == 1 ? 0 : 1].span().first(size);
        if (unshuffles)
            unshuffle_bytes(data, to, step.element_size);
        else
            decompressor_->decompress(data, to);
        data = to;
    }
    if (data.size() != raw.size())
        throw core::Error(core::ErrorText{.what = "chunk has a wrong size",
                                          .where = std::to_string(data.size()) + " bytes",
                                          .why = std::to_string(raw.size()) + " are expected"});
    return {data};
}

std::size_t ChunkDecoder::memory() const noexcept {
    return scratch_[0].size() + scratch_[1].size() + (decompressor_ ? decompressor_->memory() : 0);
}

} // namespace morphogen::codec
