#if defined(__x86_64__)
#    include "kernel/simd_avx2.hpp"
// after its Vec
#    include "kernel/kernel_impl.hpp"

namespace morphogen::kernel {

extern const RowKernels<float> avx2_f32;
extern const RowKernels<double> avx2_f64;
constinit const RowKernels<float> avx2_f32 = this_isa<float>;
constinit const RowKernels<double> avx2_f64 = this_isa<double>;

} // namespace morphogen::kernel
#endif
