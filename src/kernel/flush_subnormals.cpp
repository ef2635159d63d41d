#include "morphogen/kernel/flush_subnormals.hpp"

#if defined(__x86_64__)
#    include <xmmintrin.h>
#endif

namespace morphogen::kernel {

namespace {

#if defined(__x86_64__)
// MXCSR, Intel SDM vol. 1, 10.2.3: bit 15 flushes results, bit 6 takes operands for zero.
constexpr std::uint64_t flush_bits = 1u << 15 | 1u << 6;
std::uint64_t mode() noexcept {
    return _mm_getcsr();
}
void set_mode(std::uint64_t m) noexcept {
    _mm_setcsr(static_cast<unsigned>(m));
}
#elif defined(__aarch64__)
// FPCR.FZ, Arm ARM D19: operands and results. A result is tiny there before rounding, on x86 after
// it: the two differ for results that round up to the smallest normal number.
constexpr std::uint64_t flush_bits = 1u << 24;
std::uint64_t mode() noexcept {
    std::uint64_t m;
    __asm__ volatile("mrs %0, fpcr" : "=r"(m));
    return m;
}
void set_mode(std::uint64_t m) noexcept {
    __asm__ volatile("msr fpcr, %0" : : "r"(m));
}
#else
constexpr std::uint64_t flush_bits = 0;
std::uint64_t mode() noexcept {
    return 0;
}
void set_mode(std::uint64_t) noexcept {}
#endif

} // namespace

FlushSubnormals::FlushSubnormals() noexcept : saved_(mode()) {
    set_mode(saved_ | flush_bits);
}
FlushSubnormals::~FlushSubnormals() {
    set_mode(saved_);
}

} // namespace morphogen::kernel
