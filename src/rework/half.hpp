#pragma once

#include <bit>
#include <cstdint>

/// Floats of 2 bytes as files hold them: enough to read their values, each of which a float has.
namespace morphogen::rework {

/// IEEE 754-2019, 3.4: binary16.
struct Half {
    std::uint16_t bits = 0;

    operator float() const noexcept {
        const std::uint32_t sign = (bits & 0x8000U) << 16U;
        const std::uint32_t exponent = bits >> 10U & 0x1fU;
        const std::uint32_t mantissa = bits & 0x3ffU;
        if (exponent == 0) { // subnormal, or zero
            const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
            return sign != 0 ? -magnitude : magnitude;
        }
        constexpr std::uint32_t bias = 127 - 15;
        const std::uint32_t wide = exponent == 0x1fU ? 0xffU : exponent + bias;
        return std::bit_cast<float>(sign | wide << 23U | mantissa << 13U);
    }
};

/// bfloat16: the upper half of a binary32.
struct BrainHalf {
    std::uint16_t bits = 0;

    operator float() const noexcept {
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
    }
};

} // namespace morphogen::rework
