#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace morphogen::core {

/// The number that up to eight bytes are, the lowest first.
inline std::uint64_t little_endian(std::span<const char> bytes) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        number |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return number;
}

} // namespace morphogen::core
