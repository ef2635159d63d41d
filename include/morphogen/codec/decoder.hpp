#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/aligned_buffer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace morphogen::codec {

class BlockDecompressor;

/// A chunk's bytes, maybe still as the shuffle filter left them.
struct ShuffledBytes {
    std::span<const std::byte> bytes;
    std::size_t element_size = 1; // for unshuffle_bytes(); 1: in their order
};

/// Decodes stored chunks of HDF5 files: the inverse of a filter pipeline of shuffle, fletcher32 and
/// at most one of deflate, zstd and lz4, in any order but a shuffle of what was compressed. Stored
/// bytes are not trusted: whatever they are, nothing is read or written out of bounds and no more
/// than the raw size is produced. Contexts and scratch are allocated by the constructor. One per
/// thread: no member may be called by two threads at once.
class ChunkDecoder {
public:
    /// @param chunk_bytes the largest raw chunk that will be decoded.
    /// @throws core::Error if the filters are not decodable or their client values are wrong.
    ChunkDecoder(const FilterPipeline& pipeline, std::size_t chunk_bytes);
    ChunkDecoder(std::span<const Hdf5Filter> filters, std::size_t chunk_bytes);
    ~ChunkDecoder();
    ChunkDecoder(ChunkDecoder&&) noexcept;
    ChunkDecoder& operator=(ChunkDecoder&&) noexcept;

    /// Whether this class decodes such a pipeline; otherwise HDF5 itself (and its plugins) must.
    static bool supports(std::span<const Hdf5Filter> filters) noexcept;

    /// Decodes one chunk into exactly raw.size() bytes (at most chunk_bytes); the spans do not
    /// overlap.
    /// @param filter_mask bit i set: filter i was not applied to this chunk (HDF5 stores one mask
    /// per chunk).
    /// @throws core::Error "FILTER filter failed: why", without file and chunk, which the caller
    /// knows; @p raw is then
    ///         indeterminate. The decoder stays usable.
    void decode(std::span<const std::byte> stored, std::span<std::byte> raw,
                std::uint32_t filter_mask = 0);

    /// The same up to the last step, if that is to unshuffle: who puts the elements elsewhere
    /// anyway does that on the way. @returns where they are: in @p stored, in @p raw (unless they
    /// are shuffled), or, until the next call, here.
    ShuffledBytes decode_shuffled(std::span<const std::byte> stored, std::span<std::byte> raw,
                                  std::uint32_t filter_mask = 0);

    /// Memory held by contexts and scratch, bytes, roughly: for the accounting of callers with a
    /// ceiling.
    std::size_t memory() const noexcept;

private:
    enum class Kind { shuffle, fletcher32, compressor };
    struct Step {
        Kind kind;
        std::size_t element_size; // of shuffle
    };
    struct Active; // what is left of a chunk's pipeline once its mask is applied

    void add(const Hdf5Filter& filter);
    void allocate_scratch();

    std::size_t chunk_bytes_;
    std::vector<Step> steps_;                               // in the order of writing
    std::unique_ptr<BlockDecompressor> decompressor_;       // none: empty
    std::array<core::AlignedBuffer<std::byte>, 2> scratch_; // results between steps that move bytes
};

} // namespace morphogen::codec
