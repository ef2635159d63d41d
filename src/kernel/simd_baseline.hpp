#pragma once

#include <cstdint>

// Vec<T> by the compiler's own vectors: for any processor. With FMA only where the compiler's
// target always has it.
namespace morphogen::kernel {
namespace {

template <typename T>
struct Vec {
    static constexpr std::int64_t lanes = 16 / sizeof(T);
    typedef T Raw __attribute__((vector_size(16)));
    Raw x;

    static Vec load(const T* p) {
        Vec r;
        __builtin_memcpy(&r.x, p, sizeof(Raw));
        return r;
    }
    static Vec broadcast(T s) {
        return each([&](int) { return s; });
    }
    template <typename S>
    static Vec widen(const S* p) {
        return each([&](int i) { return static_cast<T>(p[i]); });
    }
    void store(T* p) const { __builtin_memcpy(p, &x, sizeof(Raw)); }
    void stream(T* p) const { store(p); }

    friend Vec operator+(Vec a, Vec b) { return {a.x + b.x}; }
    friend Vec operator-(Vec a, Vec b) { return {a.x - b.x}; }
    friend Vec operator*(Vec a, Vec b) { return {a.x * b.x}; }
#if defined(__FP_FAST_FMAF) && defined(__FP_FAST_FMA)
    friend Vec fma(Vec a, Vec b, Vec c) {
        return each([&](int i) { return fma_of(a.x[i], b.x[i], c.x[i]); });
    }
    friend Vec fnma(Vec a, Vec b, Vec c) {
        return each([&](int i) { return fma_of(-a.x[i], b.x[i], c.x[i]); });
    }
#else
    friend Vec fma(Vec a, Vec b, Vec c) {
        return {a.x * b.x + c.x};
    }
    friend Vec fnma(Vec a, Vec b, Vec c) {
        return {c.x - a.x * b.x};
    }
#endif
    friend Vec min(Vec a, Vec b) {
        return each([&](int i) { return a.x[i] < b.x[i] ? a.x[i] : b.x[i]; });
    }
    friend Vec max(Vec a, Vec b) {
        return each([&](int i) { return a.x[i] > b.x[i] ? a.x[i] : b.x[i]; });
    }

private:
    template <typename F>
    static Vec each(F f) {
        Vec r;
        for (int i = 0; i < static_cast<int>(lanes); ++i)
            r.x[i] = f(i);
        return r;
    }
    static float fma_of(float a, float b, float c) {
        return __builtin_fmaf(a, b, c);
    }
    static double fma_of(double a, double b, double c) {
        return __builtin_fma(a, b, c);
    }
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
