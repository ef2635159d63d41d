#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

/// Bytes to encode: what compresses, what does not, and what a simulation stores.
namespace morphogen::codec::test {

using Bytes = std::vector<std::byte>;
using Sizes = std::vector<std::size_t>;

inline Bytes random_bytes(std::size_t size, std::uint32_t seed = 1) {
    std::mt19937 random(seed);
    Bytes bytes(size);
    for (std::byte& b : bytes)
        b = static_cast<std::byte>(random() & 0xff);
    return bytes;
}

inline Bytes ramp_bytes(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte>((i / 3) & 0xff);
    return bytes;
}

/// A smooth f32 pattern, cut to @p size bytes: its low mantissa bits are noise, as in a
/// simulation's fields.
inline Bytes field_bytes(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i * 4 < size; ++i) {
        const double x = static_cast<double>(i % 480);
        const double y = static_cast<double>(i / 480);
        const auto value = static_cast<float>(0.3 + 0.2 * std::sin(0.11 * x) * std::cos(0.07 * y));
        std::memcpy(bytes.data() + 4 * i, &value, std::min<std::size_t>(4, size - 4 * i));
    }
    return bytes;
}

/// Stretches of noise, zeros and ramps of random lengths: some worth compressing, some not.
inline Bytes mixed_bytes(std::size_t size, std::uint32_t seed = 1) {
    std::mt19937 random(seed);
    Bytes bytes(size);
    for (std::size_t begin = 0; begin < size;) {
        const std::size_t end = std::min<std::size_t>(size, begin + 1 + random() % 200000);
        const auto kind = random() % 4;
        for (std::size_t i = begin; i < end; ++i)
            bytes[i] = kind < 2 ? static_cast<std::byte>(random() & 0xff)
                                : static_cast<std::byte>(kind == 2 ? 0 : (i / 7) & 0xff);
        begin = end;
    }
    return bytes;
}

inline std::vector<Bytes> all_inputs(std::size_t size) {
    return {Bytes(size), random_bytes(size), ramp_bytes(size), field_bytes(size)};
}

} // namespace morphogen::codec::test
