#include "morphogen/bench/limits.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/cache_size.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/parallel/team.hpp"

#include "bench/timing.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#if defined(__x86_64__)
#    include <immintrin.h>
#endif

namespace morphogen::bench {
namespace {

struct Arrays {
    explicit Arrays(std::size_t n) : a(n), b(n), c(n) {
        std::fill_n(a.data(), n, 1.0);
        std::fill_n(b.data(), n, 2.0);
        std::fill_n(c.data(), n, 3.0);
    }
    core::AlignedBuffer<double> a, b, c;
};

void copy(Arrays& x) {
    const std::size_t n = x.a.size();
    std::copy_n(x.a.data(), n, x.b.data());
    keep(x.b[0]);
}

constexpr double factor = 0.5; // of the triad

void triad_tail(Arrays& x, std::size_t from) {
    for (std::size_t i = from; i < x.a.size(); ++i)
        x.a[i] = x.b[i] + factor * x.c[i];
    keep(x.a[0]);
}

void triad_baseline(Arrays& x) {
    double* __restrict a = x.a.data();
    const double* __restrict b = x.b.data();
    const double* __restrict c = x.c.data();
    const std::size_t n = x.a.size();
    for (std::size_t i = 0; i < n; ++i)
        a[i] = b[i] + factor * c[i];
    keep(x.a[0]);
}

// As wide as the step's own loads and stores: narrower ones miss the first cache's limit by half.
#if defined(__x86_64__)
#    define MORPHOGEN_TRIAD(name, attributes, width, load, store, set1, fmadd)                     \
        attributes void name(Arrays& x) {                                                          \
            const std::size_t whole = x.a.size() / (width) * (width);                              \
            const auto s = set1(factor);                                                           \
            for (std::size_t i = 0; i < whole; i += (width))                                       \
                store(x.a.data() + i, fmadd(s, load(x.c.data() + i), load(x.b.data() + i)));       \
            triad_tail(x, whole);                                                                  \
        }
MORPHOGEN_TRIAD(triad_avx2, __attribute__((target("avx2,fma"))), 4, _mm256_loadu_pd,
                _mm256_storeu_pd, _mm256_set1_pd, _mm256_fmadd_pd)
MORPHOGEN_TRIAD(triad_avx512, __attribute__((target("avx512f"))), 8, _mm512_loadu_pd,
                _mm512_storeu_pd, _mm512_set1_pd, _mm512_fmadd_pd)
#endif

using Triad = void (*)(Arrays&);

/// On other processors the compiler's own vectors are as wide as there are.
Triad triad_of(kernel::Isa isa) {
#if defined(__x86_64__)
    if (isa == kernel::Isa::avx512) return triad_avx512;
    if (isa == kernel::Isa::avx2) return triad_avx2;
#endif
    static_cast<void>(isa);
    return triad_baseline;
}

} // namespace

std::vector<MemoryLevel> memory_levels() {
    std::vector<MemoryLevel> levels;
    const std::string_view names[] = {"L1", "L2", "L3"};
    std::size_t largest = std::size_t{4} << 20U;
    for (int level = 1; level <= 3; ++level) {
        const std::size_t bytes = core::cache_bytes(level);
        if (bytes == 0) continue;
        largest = std::max(largest, bytes);
        levels.push_back({names[level - 1], bytes / 2});
    }
    const std::size_t affordable = core::usable_memory() / 16;
    levels.push_back({"memory", std::clamp<std::size_t>(
                                    4 * largest, std::size_t{16} << 20U,
                                    std::max<std::size_t>(affordable, std::size_t{16} << 20U))});
    return levels;
}

double memory_rate(MemoryTest test, std::size_t bytes_per_thread, int threads, double seconds) {
    const std::size_t arrays = test == MemoryTest::copy ? 2 : 3;
    const std::size_t n = std::max<std::size_t>(bytes_per_thread / arrays / sizeof(double), 8);
    // Small arrays are passed over often enough to hide the fork and join: 2 MiB take at least 20
    // microseconds.
    const std::size_t passes =
        std::max<std::size_t>((std::size_t{2} << 20U) / (n * sizeof(double)), 1);
    std::vector<std::unique_ptr<Arrays>> mine(static_cast<std::size_t>(threads));
    const auto pass = test == MemoryTest::copy ? copy : triad_of(kernel::best_isa());
    parallel::Team team(threads);
    team.run([&](int t) { mine[static_cast<std::size_t>(t)] = std::make_unique<Arrays>(n); });
    const double taken = least_seconds(seconds, [&] {
        team.run([&](int t) {
            Arrays& x = *mine[static_cast<std::size_t>(t)];
            for (std::size_t i = 0; i < passes; ++i)
                pass(x);
        });
    });
    return static_cast<double>(passes * n * sizeof(double) * arrays) * threads / taken;
}

double memcpy_rate(std::size_t array_bytes, double seconds) {
    const std::size_t bytes = array_bytes > 0 ? array_bytes : memory_levels().back().bytes / 2;
    core::AlignedBuffer<char> from(bytes);
    core::AlignedBuffer<char> to(bytes);
    std::memset(from.data(), 1, bytes);
    const double taken = least_seconds(seconds, [&] {
        std::memcpy(to.data(), from.data(), bytes);
        keep(to[0]);
    });
    return static_cast<double>(bytes) / taken;
}

} // namespace morphogen::bench
