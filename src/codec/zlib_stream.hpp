#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

/// The parts of a zlib stream (RFC 1950) that need no compressor.
namespace morphogen::codec::zlib {

inline constexpr std::size_t header_bytes = 2;
inline constexpr std::size_t checksum_bytes = 4;  // Adler-32, big-endian, at the end
inline constexpr std::size_t stored_most = 65535; // bytes of one stored block
inline constexpr std::size_t stored_header_bytes = 5;

/// Bytes of @p bytes as stored blocks.
constexpr std::size_t stored_blocks_size(std::size_t bytes) noexcept {
    const std::size_t blocks = std::max<std::size_t>(1, (bytes + stored_most - 1) / stored_most);
    return bytes + blocks * stored_header_bytes;
}

/// Bytes of a stream of stored blocks: what any input fits in.
constexpr std::size_t stored_size(std::size_t bytes) noexcept {
    return header_bytes + stored_blocks_size(bytes) + checksum_bytes;
}

enum class Last { no, yes };

// Each writes at out and returns where it ended.
std::byte* write_header(std::byte* out) noexcept;
/// Stored blocks (RFC 1951, 3.2.4); the stream must be at a byte boundary. @p last: the stream's
/// last block is among them.
std::byte* write_stored(std::span<const std::byte> in, std::byte* out, Last last) noexcept;
std::byte* write_checksum(std::span<const std::byte> in, std::byte* out) noexcept;

/// A whole stream of stored blocks; returns stored_size(in.size()).
std::size_t write_stored_stream(std::span<const std::byte> in, std::byte* out) noexcept;

} // namespace morphogen::codec::zlib
