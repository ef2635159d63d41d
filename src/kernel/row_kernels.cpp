#include "kernel/row_kernels.hpp"

#include <type_traits>

namespace morphogen::kernel {

extern const RowKernels<float> baseline_f32;
extern const RowKernels<double> baseline_f64;
#if defined(__x86_64__)
extern const RowKernels<float> avx2_f32, avx512_f32;
extern const RowKernels<double> avx2_f64, avx512_f64;
#elif defined(__aarch64__)
extern const RowKernels<float> neon_f32;
extern const RowKernels<double> neon_f64;
#endif

namespace {

template <typename T>
const RowKernels<T>& choose(const RowKernels<float>& f32, const RowKernels<double>& f64) noexcept {
    if constexpr (std::is_same_v<T, float>)
        return f32;
    else
        return f64;
}

} // namespace

template <typename T>
const RowKernels<T>& row_kernels(Isa isa) noexcept {
    switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
        return choose<T>(avx2_f32, avx2_f64);
    case Isa::avx512:
        return choose<T>(avx512_f32, avx512_f64);
#elif defined(__aarch64__)
    case Isa::neon:
        return choose<T>(neon_f32, neon_f64);
#endif
    default:
        return choose<T>(baseline_f32, baseline_f64);
    }
}

template const RowKernels<float>& row_kernels(Isa) noexcept;
template const RowKernels<double>& row_kernels(Isa) noexcept;

} // namespace morphogen::kernel
