#include "kernel/simd_baseline.hpp"
// after its Vec
#include "kernel/kernel_impl.hpp"

namespace morphogen::kernel {

extern const RowKernels<float> baseline_f32;
extern const RowKernels<double> baseline_f64;
constinit const RowKernels<float> baseline_f32 = this_isa<float>;
constinit const RowKernels<double> baseline_f64 = this_isa<double>;

} // namespace morphogen::kernel
