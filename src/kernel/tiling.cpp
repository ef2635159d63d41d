#include "morphogen/kernel/stepper.hpp"

#include "kernel/row_kernels.hpp"

#include <algorithm>

namespace morphogen::kernel {

namespace {

using core::Index;

/// @p cells as equal parts of at most @p most, each a multiple of @p unit.
Index even_part(Index cells, Index most, Index unit) {
    const Index parts = std::max<Index>((cells + most - 1) / most, 1);
    const Index part = (cells + parts - 1) / parts;
    return std::max<Index>((part + unit - 1) / unit * unit, unit);
}

Index or_default(Index wanted, Index automatic) {
    return wanted > 0 ? wanted : automatic;
}

} // namespace

template <typename T>
Tiling choose_tiling(int dims, const core::Extents& shape, Isa, int threads, Tiling wanted) {
    constexpr Index unit = line<T>;
    // Enough tiles for a thread that is held up to be helped by the others.
    const Index stretches = std::max<Index>(4 * threads, 1);
    Tiling t;
    t.depth = or_default(wanted.depth, dims == 3 ? 4 : 8);
    if (dims == 3) {
        t.columns = or_default(wanted.columns, even_part(shape[2], 8 * unit, unit));
        t.rows = or_default(wanted.rows, even_part(shape[1], 32, 1));
        t.planes =
            or_default(wanted.planes,
                       even_part(shape[0], std::clamp<Index>(shape[0] / stretches, 32, 256), 1));
    } else {
        t.columns = or_default(wanted.columns, even_part(shape[2], 16 * unit, unit));
        t.rows = or_default(
            wanted.rows, even_part(shape[1], std::clamp<Index>(shape[1] / stretches, 64, 512), 1));
        t.planes = 1;
    }
    return t;
}

template Tiling choose_tiling<float>(int, const core::Extents&, Isa, int, Tiling);
template Tiling choose_tiling<double>(int, const core::Extents&, Isa, int, Tiling);

} // namespace morphogen::kernel
