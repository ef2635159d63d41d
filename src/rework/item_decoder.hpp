#pragma once

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/store/small_dataset.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace morphogen::rework {

/// Decodes small datasets out of their files' images. One per thread.
class ItemDecoder {
public:
    /// @param largest_chunk bytes: datasets with larger chunks are refused, before anything is
    /// allocated for them.
    explicit ItemDecoder(std::uint64_t largest_chunk) : largest_chunk_(largest_chunk) {}

    /// Every value, in this machine's byte order, into @p values, as many bytes as the dataset has.
    /// @throws core::Error, without the file's name: what is wrong with which chunk
    void decode(const store::SmallDataset& data, std::span<const std::byte> image,
                std::span<std::byte> values);

private:
    void decode_chunk(const store::SmallDataset& data, const store::ImageChunk& chunk,
                      std::span<const std::byte> image, std::span<std::byte> raw);
    codec::ChunkDecoder& decoder_for(const store::SmallDataset& data);

    std::uint64_t largest_chunk_;
    std::optional<codec::ChunkDecoder> decoder_;
    std::vector<codec::Hdf5Filter> filters_; // of decoder_
    std::uint64_t chunk_bytes_ = 0;          // of decoder_
    core::AlignedBuffer<std::byte> scratch_; // a chunk that is not the whole dataset
};

} // namespace morphogen::rework
