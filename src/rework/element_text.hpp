#pragma once

#include "morphogen/store/element_type.hpp"

#include <cstddef>
#include <string>

namespace morphogen::rework {

/// Appends the element at @p element, as it lies in a file, to @p text: the shortest decimal that
/// reads back to the same value; nan, inf.
using AppendText = void (*)(const std::byte* element, std::string& text);

/// Null for types that are no numbers.
AppendText append_text(const store::ElementType& type) noexcept;

/// One element of any type: what append_text gives, or its first bytes as 0x00112233.
std::string element_text(const store::ElementType& type, const std::byte* element);

} // namespace morphogen::rework
