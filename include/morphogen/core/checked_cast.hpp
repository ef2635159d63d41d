#pragma once

#include "morphogen/core/error.hpp"

#include <concepts>
#include <string>
#include <utility>

namespace morphogen::core {

/// Converts an integer to another integer type.
/// @throws Error if the value does not fit.
template <std::integral To, std::integral From>
constexpr To checked_cast(From value) {
    if (!std::in_range<To>(value))
        throw Error(ErrorText{.what = "number out of range",
                              .where = std::to_string(value),
                              .why = "it does not fit its destination type"});
    return static_cast<To>(value);
}

} // namespace morphogen::core
