#pragma once

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace morphogen::rework {

/// A block on its way: as stored, or, where the library decodes, as it is.
struct FetchedBlock {
    store::BlockId id;
    store::StoredBlock stored;
    core::AlignedBuffer<std::byte> bytes; // kept from block to block, as long as the longest
};

/// At least @p bytes; what was in it is lost.
void grow(core::AlignedBuffer<std::byte>& buffer, std::size_t bytes);

/// Reads a block through HDF5. @throws core::Error naming file, dataset and chunk
void fetch_block(const store::DatasetReader& reader, store::BlockId id, FetchedBlock& block);

/// One thread's tools.
class BlockDecoder {
public:
    /// Bytes that it holds at most: the decoded block, and a decoder's two results between steps.
    static std::uint64_t memory(const store::DatasetReader& reader) {
        return 3 * static_cast<std::uint64_t>(reader.block_bytes());
    }

    /// What a fetched block holds, until the next call or the block's change. `number` is left 0.
    /// @throws core::Error naming file, dataset and chunk
    BlockView decode(const store::DatasetReader& reader, const FetchedBlock& block);

private:
    void decode_stored(const store::DatasetReader& reader, const FetchedBlock& block,
                       std::span<std::byte> raw);

    core::AlignedBuffer<std::byte> raw_;
    std::vector<std::optional<codec::ChunkDecoder>> decoders_; // one per piece, made when needed
    std::size_t last_piece_ = 0;
};

} // namespace morphogen::rework
