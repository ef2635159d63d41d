#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace morphogen::codec {

inline constexpr std::size_t fletcher32_bytes = 4; // as it is stored

/// The checksum of HDF5's fletcher32 filter (filter 3; J. G. Fletcher, IEEE Trans. Comm. 30, 1982):
/// sums modulo 65535 of big-endian 16-bit words, an odd last byte being the high one; 65535 stands
/// for a sum of 0 unless every byte is 0. Stored after the data as 4 little-endian bytes. Any
/// thread.
std::uint32_t fletcher32(std::span<const std::byte> data) noexcept;

/// What HDF5 before 1.6.3 stored on little-endian machines: the bytes of each 16-bit half swapped.
/// Readers accept both.
constexpr std::uint32_t fletcher32_swapped(std::uint32_t sum) noexcept {
    return ((sum & 0x00ff00ffU) << 8) | ((sum >> 8) & 0x00ff00ffU);
}

} // namespace morphogen::codec
