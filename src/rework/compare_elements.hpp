#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <cstdint>

namespace morphogen::rework {

/// What differs between two dense runs of elements.
struct Comparison {
    std::uint64_t different = 0;
    core::Index first = -1; // number of the element
    core::Index largest = -1;
    double distance = -1.0; // |a - b| of the largest; infinite if only one is NaN
    double first_a = 0.0;
    double first_b = 0.0;
    double largest_a = 0.0;
    double largest_b = 0.0;

    /// Adds what was found behind this, elements counted from @p offset.
    void append(const Comparison& next, core::Index offset) noexcept;
};

/// Whether elements of the two types can be compared.
bool comparable(const store::ElementType& a, const store::ElementType& b) noexcept;

/// @p n elements as they lie in their files.
Comparison compare_elements(const std::byte* a, const store::ElementType& type_a,
                            const std::byte* b, const store::ElementType& type_b, core::Index n,
                            double tolerance);

} // namespace morphogen::rework
