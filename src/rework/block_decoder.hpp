#pragma once

#include "morphogen/codec/decoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>
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

/// What a thread that may not use HDF5 says of a chunk that it cannot decode: not where it lies.
class UndecodableBlock : public core::Error {
public:
    UndecodableBlock(const store::DatasetReader& reader, store::BlockId block,
                     const std::string& cause)
        : Error(core::ErrorText{
              .what = what_happened, .where = reader.describe(block), .why = cause}),
          id(block), why(cause) {}

    /// The same with the place in the file. On the thread that uses HDF5.
    core::Error located(const store::DatasetReader& reader) const {
        return core::Error(
            core::ErrorText{.what = what_happened, .where = reader.locate(id), .why = why});
    }

private:
    static constexpr const char* what_happened = "cannot decode chunk";
    store::BlockId id;
    std::string why;
};

/// Runs @p work, whose UndecodableBlock becomes an error with the place in the file. On the thread
/// that uses HDF5.
template <typename Work>
void with_places(const store::DatasetReader& reader, Work&& work) {
    try {
        work();
    } catch (const UndecodableBlock& block) {
        throw block.located(reader);
    }
}

/// One thread's tools.
class BlockDecoder {
public:
    /// Bytes that it holds at most: the decoded block, and a decoder's two results between steps.
    static std::uint64_t memory(const store::DatasetReader& reader) {
        return 3 * static_cast<std::uint64_t>(reader.block_bytes());
    }

    /// What a fetched block holds, until the next call or the block's change. `number` is left 0.
    /// @throws UndecodableBlock
    BlockView decode(const store::DatasetReader& reader, const FetchedBlock& block);

private:
    void decode_stored(const store::DatasetReader& reader, const FetchedBlock& block,
                       std::span<std::byte> raw);

    core::AlignedBuffer<std::byte> raw_;
    std::vector<std::optional<codec::ChunkDecoder>> decoders_; // one per piece, made when needed
    std::size_t last_piece_ = 0;
};

} // namespace morphogen::rework
