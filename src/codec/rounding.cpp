#include "morphogen/codec/rounding.hpp"

#include "morphogen/core/contract.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#if defined(__x86_64__) && defined(__GNUC__)
#    define MORPHOGEN_ROUNDING_AVX2 1
#endif

namespace morphogen::codec {
namespace {

/// IEEE 754 binary32 and binary64 as integers.
template <typename T>
struct Format {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    using Signed = std::make_signed_t<Bits>;
    static constexpr int mantissa = std::numeric_limits<T>::digits - 1;
    static constexpr int bias = std::numeric_limits<T>::max_exponent - 1;
    static constexpr Bits one = 1;
    static constexpr Bits sign = one << (sizeof(T) * 8 - 1);
    static constexpr Bits infinity = (~sign >> mantissa) << mantissa; // all exponent bits
};

/// The mantissa without its last @p drop bits (1..mantissa), to nearest, ties to even. A carry into
/// the exponent is right: the next binade's first value. Unchanged where the value is not normal or
/// would become infinite.
template <typename T, typename Bits = typename Format<T>::Bits>
[[gnu::always_inline]] inline Bits drop_bits(Bits x, Bits drop) noexcept {
    using F = Format<T>;
    const Bits unit = F::one << drop;
    const Bits leading =
        F::one << F::mantissa; // the bit that is not stored; the exponent's last one is there
    const Bits odd = (((x & (leading - F::one)) | leading) >> drop) & F::one;
    const Bits rounded = (x + ((unit >> 1) - F::one) + odd) & ~(unit - F::one);
    const Bits exponent = x & F::infinity;
    const bool keep =
        exponent == 0 || exponent == F::infinity || (rounded & F::infinity) == F::infinity;
    return keep ? x : rounded;
}

/// To the nearest multiple of 2^(quantum - bias), by biased exponents: x's own decides how many
/// mantissa bits that drops.
template <typename T, typename Bits = typename Format<T>::Bits>
[[gnu::always_inline]] inline Bits to_multiple(Bits x,
                                               typename Format<T>::Signed quantum) noexcept {
    using F = Format<T>;
    using Signed = typename F::Signed;
    const Bits exponent = x & F::infinity;
    const Signed drop = quantum - static_cast<Signed>(exponent >> F::mantissa) + F::mantissa;
    const Signed at_least = drop > 1 ? drop : 1;
    const Bits clamped = static_cast<Bits>(at_least < F::mantissa ? at_least : F::mantissa);
    const Bits within = drop_bits<T>(x, clamped);
    // One bit above the mantissa: |x| is in [q/2, q) and becomes q, but the tie q/2 becomes 0, the
    // even multiple. q itself is x's exponent plus 1. More: below q/2, becomes 0.
    const bool tie = (x & ~(F::sign | F::infinity)) == 0;
    const Bits up = exponent + (F::one << F::mantissa);
    const Bits magnitude = drop > F::mantissa + 1 || tie ? 0 : up;
    const Bits small = magnitude == F::infinity ? x : (x & F::sign) | magnitude;
    const bool keep = drop <= 0 || exponent == 0 || exponent == F::infinity;
    return keep ? x : drop > F::mantissa ? small : within;
}

template <typename T, typename Operation>
[[gnu::always_inline]] inline void for_each(std::span<T> values, Operation operation) noexcept {
    for (T& value : values)
        value = std::bit_cast<T>(operation(std::bit_cast<typename Format<T>::Bits>(value)));
}

template <typename T>
[[gnu::always_inline]] inline void mantissa_loop(std::span<T> values,
                                                 typename Format<T>::Bits drop) noexcept {
    using Bits = typename Format<T>::Bits;
    for_each(
        values, [drop](Bits x) __attribute__((always_inline)) { return drop_bits<T>(x, drop); });
}

template <typename T>
[[gnu::always_inline]] inline void absolute_loop(std::span<T> values,
                                                 typename Format<T>::Signed quantum) noexcept {
    using Bits = typename Format<T>::Bits;
    for_each(
        values, [quantum](Bits x)
                    __attribute__((always_inline)) { return to_multiple<T>(x, quantum); });
}

#if defined(MORPHOGEN_ROUNDING_AVX2)
// A shift by another count in every lane came with AVX2.
template <typename T>
__attribute__((target("avx2"))) void absolute_avx2(std::span<T> values,
                                                   typename Format<T>::Signed quantum) noexcept {
    absolute_loop(values, quantum);
}
template <typename T>
__attribute__((target("avx2"))) void mantissa_avx2(std::span<T> values,
                                                   typename Format<T>::Bits drop) noexcept {
    mantissa_loop(values, drop);
}
#endif

template <typename T>
void run_mantissa(std::span<T> values, int keep_bits) noexcept {
    using F = Format<T>;
    MORPHOGEN_EXPECT(keep_bits >= 0);
    if (keep_bits <= 0 || keep_bits >= F::mantissa) return;
    const auto drop = static_cast<typename F::Bits>(F::mantissa - keep_bits);
#if defined(MORPHOGEN_ROUNDING_AVX2)
    if (__builtin_cpu_supports("avx2")) {
        mantissa_avx2(values, drop);
        return;
    }
#endif
    mantissa_loop(values, drop);
}

/// The biased binary exponent that @p T would give the largest power of two q with q/2 <=
/// max_error, that is floor(log2(max_error)) + 1; it may lie outside T's range.
template <typename T>
typename Format<T>::Signed quantum_exponent(double max_error) noexcept {
    using D = Format<double>;
    const auto bits = std::bit_cast<std::uint64_t>(max_error);
    int exponent = static_cast<int>(bits >> D::mantissa) - D::bias;
    if (exponent == -D::bias)
        exponent = -D::bias - D::mantissa + 64 - std::countl_zero(bits); // subnormal
    return exponent + 1 + Format<T>::bias;
}

template <typename T>
void run_absolute(std::span<T> values, double max_error) noexcept {
    MORPHOGEN_EXPECT(std::bit_cast<std::uint64_t>(max_error) < Format<double>::infinity);
    if (std::bit_cast<std::uint64_t>(max_error) == 0)
        return; // no comparison: DAZ would take a subnormal for 0
    const auto quantum = quantum_exponent<T>(max_error);
#if defined(MORPHOGEN_ROUNDING_AVX2)
    if (__builtin_cpu_supports("avx2")) {
        absolute_avx2(values, quantum);
        return;
    }
#endif
    absolute_loop(values, quantum);
}

} // namespace

void round_mantissa(std::span<float> values, int keep_bits) noexcept {
    run_mantissa(values, keep_bits);
}
void round_mantissa(std::span<double> values, int keep_bits) noexcept {
    run_mantissa(values, keep_bits);
}

void round_absolute(std::span<float> values, double max_error) noexcept {
    run_absolute(values, max_error);
}
void round_absolute(std::span<double> values, double max_error) noexcept {
    run_absolute(values, max_error);
}

} // namespace morphogen::codec
