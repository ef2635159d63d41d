#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/aligned_buffer.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace morphogen::codec {

class BlockCompressor;

/// Encodes chunks as HDF5's own filters (and the registered zstd and lz4 plugins) would store them:
/// shuffle, compressor, fletcher32. Contexts and scratch are allocated by the constructor; encoding
/// allocates nothing. One per thread: no member may be called by two threads at once.
class ChunkEncoder {
public:
    /// @param chunk_bytes the largest raw chunk that will be encoded.
    /// @throws core::Error if a chunk of this size cannot be stored: HDF5 and lz4 have limits.
    ChunkEncoder(const FilterPipeline& pipeline, std::size_t chunk_bytes);
    ~ChunkEncoder();
    ChunkEncoder(ChunkEncoder&&) noexcept;
    ChunkEncoder& operator=(ChunkEncoder&&) noexcept;

    /// Bytes that hold any encoded chunk of up to @p chunk_bytes raw bytes, whatever they are.
    static std::size_t bound(const FilterPipeline& pipeline, std::size_t chunk_bytes);

    /// Encodes one chunk of at most chunk_bytes; a size that is no multiple of the element size is
    /// fine (HDF5's shuffle leaves the rest as it is). @p out holds at least bound(pipeline,
    /// raw.size()) bytes and does not overlap @p raw. The same input gives the same bytes.
    /// @returns the bytes written to @p out.
    std::size_t encode(std::span<const std::byte> raw, std::span<std::byte> out);

    /// The same for a chunk that is shuffled already, if the pipeline shuffles.
    std::size_t encode_shuffled(std::span<const std::byte> shuffled, std::span<std::byte> out);

    /// The same for a chunk that is not in one piece: begin(), add() for its rows in order, whole
    /// elements each, finish(). Rows are shuffled from where they lie, so that the chunk's bytes
    /// are moved once. @p raw_bytes of all rows, at most chunk_bytes. Without shuffle the first
    /// begin() allocates. @returns as encode().
    void begin(std::size_t raw_bytes, std::span<std::byte> out);
    void add(std::span<const std::byte> row);
    std::size_t finish();

    /// Memory held by contexts and scratch, bytes, roughly: for the accounting of callers with a
    /// ceiling.
    std::size_t memory() const noexcept;

private:
    FilterPipeline pipeline_;
    std::size_t chunk_bytes_;
    std::unique_ptr<BlockCompressor> compressor_; // none: empty
    core::AlignedBuffer<std::byte> shuffled_;     // where both shuffle and compressor work

    std::size_t store(std::span<const std::byte> filtered, std::span<std::byte> out);

    // Between begin() and finish().
    std::span<std::byte> out_;
    std::span<std::byte> gathered_; // of all rows: in shuffled_, or in out_ without a compressor
    std::size_t added_ = 0;         // bytes
};

} // namespace morphogen::codec
