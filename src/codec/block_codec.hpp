#pragma once

#include "morphogen/core/error.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// The compressors behind ChunkEncoder and ChunkDecoder: one block of bytes in, one block out.
namespace morphogen::codec {

/// Compresses blocks of up to the size it was made for. Not shared between threads.
class BlockCompressor {
public:
    BlockCompressor() = default;
    BlockCompressor(const BlockCompressor&) = delete;
    BlockCompressor& operator=(const BlockCompressor&) = delete;
    virtual ~BlockCompressor() = default;

    /// @p out holds at least the format's bound for in.size(); returns the bytes written.
    virtual std::size_t compress(std::span<const std::byte> in, std::span<std::byte> out) = 0;
    virtual std::size_t memory() const noexcept = 0;
};

/// Decompresses untrusted blocks. Not shared between threads.
class BlockDecompressor {
public:
    BlockDecompressor() = default;
    BlockDecompressor(const BlockDecompressor&) = delete;
    BlockDecompressor& operator=(const BlockDecompressor&) = delete;
    virtual ~BlockDecompressor() = default;

    /// Fills @p out exactly. @throws core::Error (filter_failed)
    virtual void decompress(std::span<const std::byte> in, std::span<std::byte> out) = 0;
    virtual std::size_t memory() const noexcept = 0;
};

[[noreturn]] inline void filter_failed(std::string_view filter, std::string_view why) {
    throw core::Error(core::ErrorText{.what = std::string(filter) + " filter failed", .why = why});
}

/// @throws core::Error where the library cannot allocate a context.
template <typename T>
T* require_context(T* context, std::string_view library) {
    if (context == nullptr)
        throw core::Error(core::ErrorText{.what = "cannot set up compression",
                                          .where = library,
                                          .why = "out of memory",
                                          .advice = "use fewer threads or a lower level"});
    return context;
}

// A zlib stream (RFC 1950) around deflate (RFC 1951): HDF5 filter 1. Bounds hold for any input.
std::size_t deflate_bound(std::size_t bytes) noexcept;
// planes: into how many equal parts of different character the shuffle has put the bytes; 1 without
// it.
std::unique_ptr<BlockCompressor> make_deflate_compressor(int level, std::size_t planes);
std::unique_ptr<BlockCompressor> make_fast_deflate(int level, std::size_t planes); // levels 1 and 2
std::unique_ptr<BlockDecompressor> make_deflate_decompressor();

// One Zstandard frame (RFC 8878) with its content size: registered filter 32015.
std::size_t zstd_bound(std::size_t bytes) noexcept;
std::unique_ptr<BlockCompressor> make_zstd_compressor(int level, std::size_t max_bytes);
std::unique_ptr<BlockDecompressor> make_zstd_decompressor();

// Blocks of lz4 (registered filter 32004); lz4.cpp has the layout.
inline constexpr unsigned lz4_block_bytes = 1U << 30;
std::size_t lz4_bound(std::size_t bytes) noexcept;
std::unique_ptr<BlockCompressor> make_lz4_compressor();
std::unique_ptr<BlockDecompressor> make_lz4_decompressor();

} // namespace morphogen::codec
