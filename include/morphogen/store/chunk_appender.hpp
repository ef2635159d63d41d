#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace morphogen::store {

/// Where the stored bytes of a chunk lie.
struct ChunkPlace {
    std::uint64_t address = 0; // in the file
    std::size_t bytes = 0;
};

/// The end of a file that is being written, open to threads that may not call HDF5: they put a
/// chunk there as soon as they have encoded it, while it is in their cache, and the library is told
/// afterwards (FrameSink::put_appended). Bytes that it is never told of are dead space.
class ChunkAppender {
public:
    virtual ~ChunkAppender() = default;

    /// Any thread, several at a time. @returns nothing while the file's end is in use, or if the
    /// write fails: then FrameSink::put_chunk takes the bytes, and tells why once the frames before
    /// are safe.
    virtual std::optional<ChunkPlace> try_append(std::span<const std::byte> stored) noexcept = 0;
};

} // namespace morphogen::store
