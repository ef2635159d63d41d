#include "morphogen/codec/rounding.hpp"

#include "catch.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>
#if defined(__x86_64__)
#    include <xmmintrin.h>
#endif

using namespace morphogen::codec;

namespace {

template <typename T>
using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Every kind of value: random bit patterns (all exponents), values near 1, and the special ones
/// with their neighbours.
template <typename T>
std::vector<T> values(std::size_t random_count) {
    using L = std::numeric_limits<T>;
    std::vector<T> v{0,
                     -T{0},
                     1,
                     -1,
                     L::min(),
                     -L::min(),
                     L::max(),
                     -L::max(),
                     L::denorm_min(),
                     -L::denorm_min(),
                     L::infinity(),
                     -L::infinity(),
                     L::quiet_NaN(),
                     L::signaling_NaN(),
                     std::nextafter(L::min(), T{0}),
                     std::nextafter(L::max(), T{0}),
                     T(0.5),
                     T(1.5),
                     T(2.5),
                     T(0.75),
                     T(1.25),
                     T(1e-3),
                     T(0.1)};
    std::mt19937_64 random(7);
    for (std::size_t i = 0; i < random_count; ++i) {
        v.push_back(std::bit_cast<T>(static_cast<Bits<T>>(random())));
        v.push_back(static_cast<T>(std::ldexp(1.0 + 0x1p-53 * static_cast<double>(random() >> 11),
                                              static_cast<int>(random() % 20) - 16)));
        // Few mantissa bits: ties.
        v.push_back(static_cast<T>(std::ldexp(static_cast<double>(random() % 1024),
                                              static_cast<int>(random() % 16) - 12)));
    }
    return v;
}

template <typename T>
bool same_bits(T a, T b) {
    return std::bit_cast<Bits<T>>(a) == std::bit_cast<Bits<T>>(b);
}

template <typename T>
bool in_range(long double x) {
    return std::fabs(x) <= static_cast<long double>(std::numeric_limits<T>::max());
}

/// Whether @p after is what round_mantissa promises for @p before. The tie goes to the even one:
/// what nearbyint does.
template <typename T>
bool mantissa_holds(T before, T after, int keep_bits) {
    if (!std::isnormal(before) || keep_bits == 0 || keep_bits >= std::numeric_limits<T>::digits - 1)
        return same_bits(before, after);
    const long double x = before;
    int exponent = 0;
    const long double scaled = std::ldexp(std::frexp(x, &exponent), keep_bits + 1);
    const long double nearest = std::ldexp(std::nearbyint(scaled), exponent - keep_bits - 1);
    if (!in_range<T>(nearest)) return same_bits(before, after);
    const long double error = std::fabs(static_cast<long double>(after) - x);
    return static_cast<long double>(after) == nearest &&
           error <= std::ldexp(std::fabs(x), -(keep_bits + 1));
}

/// The same of round_absolute.
template <typename T>
bool absolute_holds(T before, T after, double max_error) {
    if (!std::isnormal(before) || max_error == 0) return same_bits(before, after);
    int quantum = 0; // q = 2^quantum = 2^floor(log2(2·max_error)); frexp's mantissa is in [1/2, 1)
    std::frexp(max_error, &quantum);
    const long double x = before;
    const long double nearest = std::ldexp(std::nearbyint(std::ldexp(x, -quantum)), quantum);
    if (!in_range<T>(nearest)) return same_bits(before, after);
    const long double error = std::fabs(static_cast<long double>(after) - x);
    return static_cast<long double>(after) == nearest &&
           std::signbit(after) == std::signbit(before) &&
           error <= static_cast<long double>(max_error);
}

template <typename T>
void check_mantissa(int keep_bits) {
    const auto before = values<T>(20000);
    auto after = before;
    round_mantissa(std::span<T>(after), keep_bits);
    for (std::size_t i = 0; i < before.size(); ++i)
        if (!mantissa_holds(before[i], after[i], keep_bits))
            FAIL(before[i] << " -> " << after[i] << ", " << keep_bits << " bits");
}

template <typename T>
void check_absolute(double max_error) {
    const auto before = values<T>(20000);
    auto after = before;
    round_absolute(std::span<T>(after), max_error);
    for (std::size_t i = 0; i < before.size(); ++i)
        if (!absolute_holds(before[i], after[i], max_error))
            FAIL(before[i] << " -> " << after[i] << ", " << max_error);
}

} // namespace

TEST_CASE("rounded mantissas keep the relative bound for every value") {
    for (int keep = 0; keep <= 24; ++keep)
        check_mantissa<float>(keep);
    for (int keep : {0, 1, 2, 10, 23, 30, 51, 52, 60})
        check_mantissa<double>(keep);
}

TEST_CASE("absolute rounding keeps its bound for every value") {
    for (double error :
         {0.0, 1e-45, 1e-40, 1e-38, 1e-20, 1e-6, 1e-3, 0x1p-10, 0.00097656250000000022, 0.1, 0.25,
          0.5, 0.75, 1.0, 3.0, 1e6, 1e30, 1e38, 1e300})
        check_absolute<float>(error);
    for (double error :
         {0.0, 5e-324, 1e-310, 1e-300, 1e-12, 1e-3, 0x1p-10, 0.5, 1.0, 1e10, 1e307, 1.7e308})
        check_absolute<double>(error);
}

TEST_CASE("rounding an empty span and odd lengths is fine") {
    round_mantissa(std::span<float>{}, 3);
    round_absolute(std::span<double>{}, 0.1);
    for (std::size_t size = 1; size < 40; ++size) {
        std::vector<float> v(size, 0.3F);
        round_absolute(v, 0.1); // q = 0.125
        CHECK(v == std::vector<float>(size, 0.25F));
        std::vector<float> w(size, 1.3F);
        round_mantissa(std::span<float>(w), 1);
        CHECK(w == std::vector<float>(size, 1.5F));
    }
}

#if defined(__x86_64__)
TEST_CASE("rounding does not depend on the floating-point environment") {
    const auto before = values<float>(5000);
    auto plain = before;
    round_absolute(std::span<float>(plain), 1e-41);
    round_mantissa(std::span<float>(plain), 5);
    auto flushed = before;
    const unsigned saved = _mm_getcsr();
    _mm_setcsr(saved | 0x8040U | _MM_ROUND_UP); // FTZ, DAZ, rounding up
    round_absolute(std::span<float>(flushed), 1e-41);
    round_mantissa(std::span<float>(flushed), 5);
    _mm_setcsr(saved);
    for (std::size_t i = 0; i < before.size(); ++i)
        REQUIRE(same_bits(plain[i], flushed[i]));
}
#endif
