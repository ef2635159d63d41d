#pragma once

#include <cstdint>

// Internal linkage on purpose: this is compiled once per instruction set, and a shared inline
// function would be merged into whichever copy the linker keeps.
namespace morphogen::kernel {
namespace {

struct PhiloxBlock {
    std::uint32_t word[4];
};

/// Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
inline PhiloxBlock philox4x32(PhiloxBlock counter, std::uint32_t key0,
                              std::uint32_t key1) noexcept {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter.word[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter.word[2];
        counter = {{static_cast<std::uint32_t>(b >> 32) ^ counter.word[1] ^ key0,
                    static_cast<std::uint32_t>(b),
                    static_cast<std::uint32_t>(a >> 32) ^ counter.word[3] ^ key1,
                    static_cast<std::uint32_t>(a)}};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return counter;
}

/// The block of random words of one cell at one step: counter = {cell, step}, key = seed, low words
/// first.
inline PhiloxBlock cell_noise(std::uint64_t seed, std::uint64_t step, std::uint64_t cell) noexcept {
    return philox4x32({{static_cast<std::uint32_t>(cell), static_cast<std::uint32_t>(cell >> 32),
                        static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(step >> 32)}},
                      static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

/// U(-1, 1) without its ends, exact in T: the odd multiples of 2^-24 (f32) or 2^-53 (f64).
template <typename T>
T uniform(const PhiloxBlock& block) noexcept;

template <>
inline float uniform<float>(const PhiloxBlock& b) noexcept {
    const auto k = static_cast<std::int32_t>(b.word[0] >> 8);
    return static_cast<float>(2 * k + 1 - (1 << 24)) * 0x1p-24f;
}

template <>
inline double uniform<double>(const PhiloxBlock& b) noexcept {
    const auto k = static_cast<std::int64_t>((std::uint64_t{b.word[1]} << 32 | b.word[0]) >> 11);
    return static_cast<double>(2 * k + 1 - (std::int64_t{1} << 53)) * 0x1p-53;
}

} // namespace
} // namespace morphogen::kernel
