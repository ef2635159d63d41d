#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/view.hpp"
#include "morphogen/kernel/exact_sum.hpp"
#include "morphogen/kernel/isa.hpp"

#include <limits>

namespace morphogen::kernel {

/// What a frame's statistics are made of. Independent of threads and, merged, of the split into
/// blocks.
struct FieldSummary {
    double min = std::numeric_limits<double>::infinity();  // of the finite cells; zeros count as +0
    double max = -std::numeric_limits<double>::infinity(); //
    ExactSum sum;                                          // of the finite cells
    core::Index first_bad = -1; // first cell that is not finite, row-major in the block; -1: none
    double cpu_seconds = 0.0;   // of all threads, for making this summary

    /// Joins the summary of other cells. `first_bad` becomes the smaller one that is not -1: give
    /// both in the same numbering.
    void merge(const FieldSummary& other) noexcept;
};

/// Copies a block (without its halo) to the dense array @p to of volume(from.shape) elements and
/// summarises it in the same pass, with @p threads threads.
template <typename T>
FieldSummary copy_out(const core::View3<const T>& from, T* to, Isa isa, int threads);

} // namespace morphogen::kernel
