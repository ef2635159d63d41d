#pragma once

#include <cstddef>
#include <span>

namespace morphogen::codec {

/// HDF5's shuffle filter (HDF5 File Format Specification, filter 2): byte b of element i goes to
/// out[b·n + i], n the number of whole elements; the bytes after the last whole element stay where
/// they are. Sizes are equal, no overlap, element_size >= 1. Fast for element sizes 2, 4, 8 and 16.
/// Any thread.
void shuffle_bytes(std::span<const std::byte> in, std::span<std::byte> out,
                   std::size_t element_size) noexcept;

/// The same for some elements of a chunk whose rows lie apart: @p in, whole elements, are elements
/// first, first + 1, ... of out.size() / element_size.
void shuffle_part(std::span<const std::byte> in, std::span<std::byte> out, std::size_t first,
                  std::size_t element_size) noexcept;

/// The inverse of shuffle_bytes.
void unshuffle_bytes(std::span<const std::byte> in, std::span<std::byte> out,
                     std::size_t element_size) noexcept;

/// The inverse of shuffle_part: elements first, first + 1, ... of in.size() / element_size into
/// @p out, whole elements.
void unshuffle_part(std::span<const std::byte> in, std::size_t first, std::span<std::byte> out,
                    std::size_t element_size) noexcept;

/// The same past the caches, for an array that is larger than they are: more than twice as fast
/// there. Before another thread reads it, wait_for_stores().
void unshuffle_part_past_caches(std::span<const std::byte> in, std::size_t first,
                                std::span<std::byte> out, std::size_t element_size) noexcept;
void wait_for_stores() noexcept;

} // namespace morphogen::codec
