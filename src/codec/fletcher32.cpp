#include "morphogen/codec/fletcher32.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace morphogen::codec {
namespace {

constexpr std::size_t lanes = 16;
// Words that a 32-bit lane takes before its second sum could overflow: 65535·n(n+1)/2 < 2^32.
constexpr std::size_t rows_per_fold = 360;

/// A representative of x modulo 65535 below 2^17 (2^16 is 1), 0 only for 0.
constexpr std::uint64_t fold(std::uint64_t x) noexcept {
    x = (x & 0xffffffffU) + (x >> 32);
    x = (x & 0xffff) + (x >> 16);
    x = (x & 0xffff) + (x >> 16);
    return x;
}

struct Sums {
    std::uint64_t first = 0;  // sum of words
    std::uint64_t second = 0; // sum of the first sum's values

    void add_word(std::uint64_t word) noexcept {
        first = fold(first + word);
        second = fold(second + first);
    }
};

#if defined(__x86_64__)
#    define MORPHOGEN_FLETCHER_AVX2 1
#endif

// Vectors of the compiler: an array of lanes stays in memory with gcc 12.
struct Vectors16 {
    typedef std::uint16_t Words __attribute__((vector_size(8)));
    typedef std::uint32_t Lanes __attribute__((vector_size(16)));
};
struct Vectors32 {
    typedef std::uint16_t Words __attribute__((vector_size(16)));
    typedef std::uint32_t Lanes __attribute__((vector_size(32)));
};

/// Adds rows of `lanes` words. Lane j sums its own column, S_j = Σ
/// w(i,j) and T_j = Σ (rows - i)·w(i,j); word (i, j) is followed by lanes·(rows - i) - j words,
/// itself included, which is its weight in the second sum.
template <typename Vectors>
__attribute__((always_inline)) inline void add_rows_by(Sums& sums, const std::byte* data,
                                                       std::size_t rows) noexcept {
    using Words = typename Vectors::Words;
    using Lanes = typename Vectors::Lanes;
    constexpr std::size_t vectors = lanes * sizeof(std::uint32_t) / sizeof(Lanes);
    Lanes columns[vectors] = {};
    Lanes triangles[vectors] = {};
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t k = 0; k < vectors; ++k) {
            Words words;
            std::memcpy(&words, data + i * (lanes * 2) + k * sizeof words, sizeof words);
            columns[k] += __builtin_convertvector(words, Lanes);
            triangles[k] += columns[k];
        }
    std::array<std::uint32_t, lanes> column;
    std::array<std::uint32_t, lanes> weighted;
    std::memcpy(column.data(), columns, sizeof columns);
    std::memcpy(weighted.data(), triangles, sizeof triangles);
    std::uint64_t total = 0;
    std::uint64_t triangle = 0;
    std::uint64_t skew = 0;
    for (std::size_t j = 0; j < lanes; ++j) {
        total += column[j];
        triangle += weighted[j];
        skew += column[j] * std::uint64_t{j};
    }
    sums.second = fold(sums.second + sums.first * (rows * lanes) + triangle * lanes - skew);
    sums.first = fold(sums.first + total);
}

#if defined(MORPHOGEN_FLETCHER_AVX2)
__attribute__((target("avx2"))) void add_rows_avx2(Sums& sums, const std::byte* data,
                                                   std::size_t rows) noexcept {
    add_rows_by<Vectors32>(sums, data, rows);
}
#endif

void add_rows(Sums& sums, const std::byte* data, std::size_t rows) noexcept {
#if defined(MORPHOGEN_FLETCHER_AVX2)
    if (__builtin_cpu_supports("avx2")) return add_rows_avx2(sums, data, rows);
#endif
    add_rows_by<Vectors16>(sums, data, rows); // in every machine's baseline
}

/// 1..65535, or 0 for 0.
constexpr std::uint32_t finish(std::uint64_t sum) noexcept {
    const std::uint64_t x = fold(fold(sum));
    return static_cast<std::uint32_t>(x);
}

} // namespace

std::uint32_t fletcher32(std::span<const std::byte> data) noexcept {
    Sums sums;
    const std::byte* p = data.data();
    std::size_t left = data.size();
    constexpr std::size_t row_bytes = lanes * sizeof(std::uint16_t);
    while (left >= row_bytes) {
        const std::size_t rows = std::min(left / row_bytes, rows_per_fold);
        add_rows(sums, p, rows);
        p += rows * row_bytes;
        left -= rows * row_bytes;
    }
    for (; left >= 2; left -= 2, p += 2) {
        std::uint16_t word;
        std::memcpy(&word, p, sizeof word);
        sums.add_word(word);
    }
    if (left == 1) {
        const std::array<std::byte, 2> last{*p, std::byte{0}};
        std::uint16_t word;
        std::memcpy(&word, last.data(), sizeof word);
        sums.add_word(word);
    }
    // Swapping the bytes of every word multiplies sums modulo 65535 by 256, a rotation by 8 bits
    // (RFC 1071, section 2): so words are read in the machine's order and only the result is
    // swapped.
    auto first = static_cast<std::uint16_t>(finish(sums.first));
    auto second = static_cast<std::uint16_t>(finish(sums.second));
    if constexpr (std::endian::native == std::endian::little) {
        first = std::rotl(first, 8);
        second = std::rotl(second, 8);
    }
    return (std::uint32_t{second} << 16) | first;
}

} // namespace morphogen::codec
