#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/element_type.hpp"

#include <cstddef>
#include <cstdint>

namespace morphogen::rework {

/// What differs between two dense runs of elements, by their numbers in the run.
struct Comparison {
    std::uint64_t different = 0;
    core::Index first = -1;
    core::Index largest = -1; // of numbers only
    double distance = -1.0;   // |a - b| of the largest; infinite if only one is NaN

    /// Adds what was found behind this, elements counted from @p offset.
    void append(const Comparison& next, core::Index offset) noexcept;
};

/// @p n elements as they lie in their files. Numbers differ if |a - b| > @p tolerance (exact for
/// 64-bit integers too), or if one alone is NaN; others if their bytes do.
/// @param tolerance finite, at least 0
Comparison compare_elements(const std::byte* a, const store::ElementType& type_a,
                            const std::byte* b, const store::ElementType& type_b, core::Index n,
                            double tolerance);

} // namespace morphogen::rework
