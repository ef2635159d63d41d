#if defined(__aarch64__)
#    include "kernel/simd_neon.hpp"
// after its Vec
#    include "kernel/kernel_impl.hpp"

namespace morphogen::kernel {

extern const RowKernels<float> neon_f32;
extern const RowKernels<double> neon_f64;
constinit const RowKernels<float> neon_f32 = this_isa<float>;
constinit const RowKernels<double> neon_f64 = this_isa<double>;

} // namespace morphogen::kernel
#endif
