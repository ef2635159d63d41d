#pragma once

#include "morphogen/store/element_type.hpp"

#include <cstddef>
#include <span>

namespace morphogen::rework {

/// Converts dense elements as they lie in a file; @p to says how many.
using ToDoubles = void (*)(const std::byte* from, std::span<double> to);

/// Null for types that are no numbers of a kind that the processor has.
ToDoubles to_doubles(const store::ElementType& type) noexcept;

} // namespace morphogen::rework
