#pragma once

#include "config/diagnostics.hpp"

#include <span>
#include <string>
#include <vector>

namespace morphogen::config {

/// An error to report unless reading the document finds a better one at the same place.
struct LateError {
    Position at;
    std::string message;
};

/// Merges the values of `--set KEY=VALUE` into the document, in order. What is not KEY=VALUE goes
/// to @p errors; whether the key exists is for the reader to say. A bare word is merged as text, so
/// that the reader can say what the key wants, and comes back as a late error.
std::vector<LateError> apply_overrides(Table& document, std::span<const std::string> overrides,
                                       Diagnostics& errors);

} // namespace morphogen::config
