#pragma once

#if defined(__x86_64__)
#    define MORPHOGEN_SHUFFLE_AVX2 1

#    include <immintrin.h>

#    include <bit>
#    include <cstddef>

namespace morphogen::codec {

#    define MORPHOGEN_AVX2 __attribute__((target("avx2"), always_inline)) static inline

/// Twice as many: AVX2 interleaves its two halves each by itself, so each holds a block of 16.
template <std::size_t S>
struct Blocks32 {
    static constexpr std::size_t size = 32;
    static constexpr std::size_t half = 16 * S; // bytes of a block of 16

    template <int rounds>
    MORPHOGEN_AVX2 void rotate(__m256i (&v)[S]) {
        for (int round = 0; round < rounds; ++round) {
            __m256i next[S];
            for (std::size_t i = 0; i < S / 2; ++i) {
                next[2 * i] = _mm256_unpacklo_epi8(v[i], v[i + S / 2]);
                next[2 * i + 1] = _mm256_unpackhi_epi8(v[i], v[i + S / 2]);
            }
            for (std::size_t i = 0; i < S; ++i)
                v[i] = next[i];
        }
    }
    MORPHOGEN_AVX2 __m128i* at(std::byte* p) { return reinterpret_cast<__m128i*>(p); }
    MORPHOGEN_AVX2 const __m128i* at(const std::byte* p) {
        return reinterpret_cast<const __m128i*>(p);
    }
    MORPHOGEN_AVX2 void shuffle(const std::byte* in, std::byte* out, std::size_t stride) {
        __m256i v[S];
        for (std::size_t i = 0; i < S; ++i)
            v[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(at(in + 16 * i))),
                                           _mm_loadu_si128(at(in + half + 16 * i)), 1);
        rotate<4>(v);
        for (std::size_t b = 0; b < S; ++b)
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + b * stride), v[b]);
    }
    MORPHOGEN_AVX2 void load_unshuffled(const std::byte* in, std::size_t stride, __m256i (&v)[S]) {
        for (std::size_t b = 0; b < S; ++b)
            v[b] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in + b * stride));
        rotate<std::countr_zero(S)>(v);
    }
    MORPHOGEN_AVX2 void unshuffle(const std::byte* in, std::byte* out, std::size_t stride) {
        __m256i v[S];
        load_unshuffled(in, stride, v);
        for (std::size_t i = 0; i < S; ++i) {
            _mm_storeu_si128(at(out + 16 * i), _mm256_castsi256_si128(v[i]));
            _mm_storeu_si128(at(out + half + 16 * i), _mm256_extracti128_si256(v[i], 1));
        }
    }
    /// @p out on a cache line, S even: past the caches.
    MORPHOGEN_AVX2 void unshuffle_past(const std::byte* in, std::byte* out, std::size_t stride) {
        __m256i v[S];
        load_unshuffled(in, stride, v);
        auto* const to = reinterpret_cast<__m256i*>(out);
        for (std::size_t i = 0; i < S / 2; ++i)
            _mm256_stream_si256(to + i, _mm256_permute2x128_si256(v[2 * i], v[2 * i + 1], 0x20));
        for (std::size_t i = 0; i < S / 2; ++i)
            _mm256_stream_si256(to + S / 2 + i,
                                _mm256_permute2x128_si256(v[2 * i], v[2 * i + 1], 0x31));
    }
    __attribute__((target("avx2"))) static void shuffle_all(const std::byte* in, std::byte* out,
                                                            std::size_t count, std::size_t stride) {
        for (std::size_t e = 0; e + size <= count; e += size)
            shuffle(in + e * S, out + e, stride);
        if (count % size != 0) shuffle(in + (count - size) * S, out + count - size, stride);
    }
    __attribute__((target("avx2"))) static void
    unshuffle_all(const std::byte* in, std::byte* out, std::size_t count, std::size_t stride) {
        for (std::size_t e = 0; e + size <= count; e += size)
            unshuffle(in + e, out + e * S, stride);
        if (count % size != 0) unshuffle(in + count - size, out + (count - size) * S, stride);
    }
    /// As many of them as whole blocks; @p out on a cache line. @returns how many.
    __attribute__((target("avx2"))) static std::size_t
    unshuffle_past_all(const std::byte* in, std::byte* out, std::size_t count, std::size_t stride) {
        std::size_t e = 0;
        for (; e + size <= count; e += size)
            unshuffle_past(in + e, out + e * S, stride);
        return e;
    }
};

#    undef MORPHOGEN_AVX2

} // namespace morphogen::codec

#endif
