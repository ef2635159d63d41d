#pragma once

#include "morphogen/core/box.hpp"

#include <cstddef>
#include <span>

namespace morphogen::rework {

/// A dense row-major array of @p shape elements, and a place in it.
template <typename Byte>
struct ArrayPlace {
    Byte* data = nullptr;
    std::span<const core::Index> shape;
    std::span<const core::Index> origin; // elements
};

/// Copies the box of @p count elements at one place to another, rows of the last axis at once. All
/// spans have as many axes; the boxes lie inside.
void copy_box(ArrayPlace<const std::byte> from, ArrayPlace<std::byte> to,
              std::span<const core::Index> count, std::size_t element);

} // namespace morphogen::rework
