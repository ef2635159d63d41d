#include "morphogen/bench/limits.hpp"
#include "morphogen/parallel/team.hpp"

#include "bench/timing.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#    include <immintrin.h>
#elif defined(__aarch64__)
#    include <arm_neon.h>
#endif

namespace morphogen::bench {
namespace {

/// Independent chains: latency (4 or 5 cycles) times the two units that today's cores have, and
/// some to spare; they and the two factors fit into 16 registers.
constexpr int chains = 12;
constexpr std::int64_t rounds = 4096;

// One function per instruction set, as the compiler may use one in the function that it is allowed
// for alone. Each runs `rounds` times `chains` multiply-adds whose values stay near 1.
#if defined(__x86_64__)
#    define MORPHOGEN_FMA_LOOP(name, attributes, vector, set1, step, sum)                          \
        attributes double name() {                                                                 \
            vector a[chains];                                                                      \
            for (int i = 0; i < chains; ++i)                                                       \
                a[i] = set1(1.0F + static_cast<float>(i));                                         \
            const vector m = set1(0.999F);                                                         \
            const vector c = set1(0.001F);                                                         \
            for (std::int64_t r = 0; r < rounds; ++r) {                                            \
                _Pragma("GCC unroll 12") for (int i = 0; i < chains; ++i) a[i] = step(a[i], m, c); \
                asm volatile("");                                                                  \
            }                                                                                      \
            double total = 0.0;                                                                    \
            for (int i = 0; i < chains; ++i)                                                       \
                total += static_cast<double>(sum(a[i]));                                           \
            return total;                                                                          \
        }
inline __m128 multiply_then_add(__m128 a, __m128 m, __m128 c) {
    return _mm_add_ps(_mm_mul_ps(a, m), c);
}
MORPHOGEN_FMA_LOOP(loop_baseline, , __m128, _mm_set1_ps, multiply_then_add, _mm_cvtss_f32)
MORPHOGEN_FMA_LOOP(loop_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps,
                   _mm256_fmadd_ps, _mm256_cvtss_f32)
MORPHOGEN_FMA_LOOP(loop_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps,
                   _mm512_fmadd_ps, _mm512_cvtss_f32)
#else
double loop_portable() {
    std::array<float, chains> a{};
    for (std::size_t i = 0; i < a.size(); ++i)
        a[i] = 1.0F + static_cast<float>(i);
    for (std::int64_t r = 0; r < rounds; ++r)
        for (float& x : a)
            x = x * 0.999F + 0.001F;
    double total = 0.0;
    for (const float x : a)
        total += static_cast<double>(x);
    return total;
}
#    if defined(__aarch64__)
double loop_neon() {
    float32x4_t a[chains];
    for (int i = 0; i < chains; ++i)
        a[i] = vdupq_n_f32(1.0F + static_cast<float>(i));
    const float32x4_t m = vdupq_n_f32(0.999F);
    const float32x4_t c = vdupq_n_f32(0.001F);
    for (std::int64_t r = 0; r < rounds; ++r)
        for (int i = 0; i < chains; ++i)
            a[i] = vfmaq_f32(c, a[i], m);
    double total = 0.0;
    for (int i = 0; i < chains; ++i)
        total += static_cast<double>(vaddvq_f32(a[i]));
    return total;
}
#    endif
#endif

using Loop = double (*)();

Loop loop_of(kernel::Isa isa) {
    switch (isa) {
#if defined(__x86_64__)
    case kernel::Isa::avx512:
        return loop_avx512;
    case kernel::Isa::avx2:
        return loop_avx2;
    default:
        return loop_baseline;
#elif defined(__aarch64__)
    case kernel::Isa::neon:
        return loop_neon;
    default:
        return loop_portable;
#else
    default:
        return loop_portable;
#endif
    }
}

} // namespace

double fma_rate(kernel::Isa isa, int threads, double seconds) {
    const Loop loop = loop_of(isa);
    constexpr int repeats = 64; // about half a millisecond: far more than a fork and join
    parallel::Team team(threads);
    const double taken = least_seconds(seconds, [&] {
        team.run([&](int) {
            for (int i = 0; i < repeats; ++i)
                keep(loop());
        });
    });
    return static_cast<double>(rounds * chains * repeats) * threads / taken;
}

int lanes(kernel::Isa isa, std::size_t bytes) noexcept {
    const std::size_t vector = isa == kernel::Isa::avx512 ? 64 : isa == kernel::Isa::avx2 ? 32 : 16;
    return static_cast<int>(vector / bytes);
}

} // namespace morphogen::bench
