#pragma once

#include <immintrin.h>

#include <cstdint>

// Vec<T>: a register of lanes. Included by one source only, so that its code stays in that source's
// instruction set.
namespace morphogen::kernel {
namespace {

template <typename T>
struct Vec;

template <>
struct Vec<double> {
    static constexpr std::int64_t lanes = 8;
    __m512d x;

    static Vec load(const double* p) { return {_mm512_loadu_pd(p)}; }
    static Vec broadcast(double s) { return {_mm512_set1_pd(s)}; }
    static Vec widen(const double* p) { return load(p); }
    static Vec widen(const float* p) { return {_mm512_cvtps_pd(_mm256_loadu_ps(p))}; }
    void store(double* p) const { _mm512_storeu_pd(p, x); }
    void stream(double* p) const { _mm512_stream_pd(p, x); }
    friend Vec operator+(Vec a, Vec b) { return {_mm512_add_pd(a.x, b.x)}; }
    friend Vec operator-(Vec a, Vec b) { return {_mm512_sub_pd(a.x, b.x)}; }
    friend Vec operator*(Vec a, Vec b) { return {_mm512_mul_pd(a.x, b.x)}; }
    friend Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_pd(a.x, b.x, c.x)}; }
    friend Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_pd(a.x, b.x, c.x)}; }
    friend Vec min(Vec a, Vec b) { return {_mm512_min_pd(a.x, b.x)}; }
    friend Vec max(Vec a, Vec b) { return {_mm512_max_pd(a.x, b.x)}; }
};

template <>
struct Vec<float> {
    static constexpr std::int64_t lanes = 16;
    __m512 x;

    static Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
    static Vec broadcast(float s) { return {_mm512_set1_ps(s)}; }
    void store(float* p) const { _mm512_storeu_ps(p, x); }
    void stream(float* p) const { _mm512_stream_ps(p, x); }
    friend Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.x, b.x)}; }
    friend Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.x, b.x)}; }
    friend Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.x, b.x, c.x)}; }
    friend Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.x, b.x, c.x)}; }
    friend Vec min(Vec a, Vec b) { return {_mm512_min_ps(a.x, b.x)}; }
    friend Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.x, b.x)}; }
};

/// The vectors one element to the left and right of the one at p: p is aligned to a line, so that
/// every load off by one would cross two; a lane shift of aligned loads is cheaper.
inline Vec<float> left_of(const float* p) {
    return {_mm512_castsi512_ps(_mm512_alignr_epi32(
        _mm512_castps_si512(_mm512_load_ps(p)), _mm512_castps_si512(_mm512_load_ps(p - 16)), 15))};
}
inline Vec<float> right_of(const float* p) {
    return {_mm512_castsi512_ps(_mm512_alignr_epi32(_mm512_castps_si512(_mm512_load_ps(p + 16)),
                                                    _mm512_castps_si512(_mm512_load_ps(p)), 1))};
}
inline Vec<double> left_of(const double* p) {
    return {_mm512_castsi512_pd(_mm512_alignr_epi64(
        _mm512_castpd_si512(_mm512_load_pd(p)), _mm512_castpd_si512(_mm512_load_pd(p - 8)), 7))};
}
inline Vec<double> right_of(const double* p) {
    return {_mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_castpd_si512(_mm512_load_pd(p + 8)),
                                                    _mm512_castpd_si512(_mm512_load_pd(p)), 1))};
}

} // namespace
} // namespace morphogen::kernel
