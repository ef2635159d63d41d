#pragma once

#include <cstdint>

namespace morphogen::kernel {

/// While it lives, subnormal operands and results count as zero on the calling thread (x86: FTZ and
/// DAZ of MXCSR, AArch64: FZ of FPCR; elsewhere nothing). The destructor restores the mode found.
/// Create and destroy on one thread.
class FlushSubnormals {
public:
    FlushSubnormals() noexcept;
    ~FlushSubnormals();
    FlushSubnormals(const FlushSubnormals&) = delete;
    FlushSubnormals& operator=(const FlushSubnormals&) = delete;

private:
    std::uint64_t saved_;
};

} // namespace morphogen::kernel
