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
    static constexpr std::int64_t lanes = 4;
    __m256d x;

    static Vec load(const double* p) { return {_mm256_loadu_pd(p)}; }
    static Vec broadcast(double s) { return {_mm256_set1_pd(s)}; }
    static Vec widen(const double* p) { return load(p); }
    static Vec widen(const float* p) { return {_mm256_cvtps_pd(_mm_loadu_ps(p))}; }
    void store(double* p) const { _mm256_storeu_pd(p, x); }
    void stream(double* p) const { _mm256_stream_pd(p, x); }
    friend Vec operator+(Vec a, Vec b) { return {_mm256_add_pd(a.x, b.x)}; }
    friend Vec operator-(Vec a, Vec b) { return {_mm256_sub_pd(a.x, b.x)}; }
    friend Vec operator*(Vec a, Vec b) { return {_mm256_mul_pd(a.x, b.x)}; }
    friend Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_pd(a.x, b.x, c.x)}; }
    friend Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_pd(a.x, b.x, c.x)}; }
    friend Vec min(Vec a, Vec b) { return {_mm256_min_pd(a.x, b.x)}; }
    friend Vec max(Vec a, Vec b) { return {_mm256_max_pd(a.x, b.x)}; }
};

template <>
struct Vec<float> {
    static constexpr std::int64_t lanes = 8;
    __m256 x;

    static Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
    static Vec broadcast(float s) { return {_mm256_set1_ps(s)}; }
    void store(float* p) const { _mm256_storeu_ps(p, x); }
    void stream(float* p) const { _mm256_stream_ps(p, x); }
    friend Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.x, b.x)}; }
    friend Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.x, b.x)}; }
    friend Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.x, b.x, c.x)}; }
    friend Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.x, b.x, c.x)}; }
    friend Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.x, b.x)}; }
    friend Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.x, b.x)}; }
};

/// The vectors one element to the left and right of the one at p.
template <typename T>
Vec<T> left_of(const T* p) {
    return Vec<T>::load(p - 1);
}
template <typename T>
Vec<T> right_of(const T* p) {
    return Vec<T>::load(p + 1);
}

} // namespace
} // namespace morphogen::kernel
