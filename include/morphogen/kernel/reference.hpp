#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/kernel/physics.hpp"

#include <cstdint>
#include <vector>

namespace morphogen::kernel {

/// A whole grid, dense, for the references.
template <typename T>
struct Grid {
    core::Extents shape{};
    std::vector<T> u; // [nz][ny][nx]
    std::vector<T> v;

    explicit Grid(const core::Extents& n)
        : shape(n), u(static_cast<std::size_t>(core::volume(n))), v(u.size()) {}
};

/// One step, cell by cell, with the operations of the fast kernels in their order: the oracle to
/// the bit, for the instruction sets that have FMA, or (@p fused false) for those that do not. The
/// calling thread's floating-point mode applies: see FlushSubnormals.
template <typename T>
Grid<T> reference_step(const Physics& physics, const Grid<T>& from, core::Index step, bool fused);

/// One step by the formulas of SPEC section 1 in their own words, in double: the oracle to rounding
/// error. No noise.
Grid<double> naive_step(const Physics& physics, const Grid<double>& from);

} // namespace morphogen::kernel
