#pragma once

#include <arm_neon.h>

#include <cstdint>

// Vec<T>: a register of lanes. Included by one source only, so that its code stays in that source's
// instruction set.
namespace morphogen::kernel {
namespace {

template <typename T>
struct Vec;

template <>
struct Vec<double> {
    static constexpr std::int64_t lanes = 2;
    float64x2_t x;

    static Vec load(const double* p) { return {vld1q_f64(p)}; }
    static Vec broadcast(double s) { return {vdupq_n_f64(s)}; }
    static Vec widen(const double* p) { return load(p); }
    static Vec widen(const float* p) { return {vcvt_f64_f32(vld1_f32(p))}; }
    void store(double* p) const { vst1q_f64(p, x); }
    void stream(double* p) const { store(p); }
    friend Vec operator+(Vec a, Vec b) { return {vaddq_f64(a.x, b.x)}; }
    friend Vec operator-(Vec a, Vec b) { return {vsubq_f64(a.x, b.x)}; }
    friend Vec operator*(Vec a, Vec b) { return {vmulq_f64(a.x, b.x)}; }
    friend Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f64(c.x, a.x, b.x)}; }
    friend Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f64(c.x, a.x, b.x)}; }
    friend Vec min(Vec a, Vec b) { return {vminq_f64(a.x, b.x)}; }
    friend Vec max(Vec a, Vec b) { return {vmaxq_f64(a.x, b.x)}; }
};

template <>
struct Vec<float> {
    static constexpr std::int64_t lanes = 4;
    float32x4_t x;

    static Vec load(const float* p) { return {vld1q_f32(p)}; }
    static Vec broadcast(float s) { return {vdupq_n_f32(s)}; }
    void store(float* p) const { vst1q_f32(p, x); }
    void stream(float* p) const { store(p); }
    friend Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.x, b.x)}; }
    friend Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.x, b.x)}; }
    friend Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.x, a.x, b.x)}; }
    friend Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f32(c.x, a.x, b.x)}; }
    friend Vec min(Vec a, Vec b) { return {vminq_f32(a.x, b.x)}; }
    friend Vec max(Vec a, Vec b) { return {vmaxq_f32(a.x, b.x)}; }
};

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
