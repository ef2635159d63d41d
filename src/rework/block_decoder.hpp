#pragma once

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace morphogen::rework {

/// A block on its way: where it is stored, or, where the library decodes, what it holds.
struct FetchedBlock {
    store::BlockId id;
    store::StoredBlock stored;
    core::AlignedBuffer<std::byte> bytes; // kept from block to block, as long as the longest
};

/// At least @p bytes; what was in it is lost.
void grow(core::AlignedBuffer<std::byte>& buffer, std::size_t bytes);

/// Finds a block through HDF5; reads it too where only the library can decode it.
/// @throws core::Error naming file, dataset and chunk
void fetch_block(const store::DatasetReader& reader, store::BlockId id, FetchedBlock& block);

/// One thread's tools. It reads what it decodes, so that the bytes are in this core's cache.
class BlockDecoder {
public:
    /// Bytes that it holds at most: a stored and a decoded block, and a decoder's two results
    /// between steps (or as much of the library's).
    static std::uint64_t memory(const store::DatasetReader& reader);
    /// Bytes that a fetched block holds at most.
    static std::uint64_t fetched_memory(const store::DatasetReader& reader);

    /// What a fetched block holds, until the next call or the block's change. `number` is left 0.
    BlockView view(const store::DatasetReader& reader, const FetchedBlock& block);

private:
    friend class BlockView;

    std::span<const std::byte> stored();
    std::span<std::byte> raw_buffer();
    codec::ShuffledBytes decode(std::span<std::byte> raw);
    const codec::ShuffledBytes& decoded();

    const store::DatasetReader* reader_ = nullptr;
    const FetchedBlock* block_ = nullptr;
    std::size_t raw_bytes_ = 0;                   // of block_
    std::optional<codec::ShuffledBytes> decoded_; // block_, once it was asked for

    core::AlignedBuffer<std::byte> stored_;
    core::AlignedBuffer<std::byte> raw_;
    std::vector<std::optional<codec::ChunkDecoder>> decoders_; // one per piece, made when needed
    std::size_t last_piece_ = 0;
};

} // namespace morphogen::rework
