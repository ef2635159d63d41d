#pragma once

#include "config/document.hpp"

#include <string>
#include <string_view>

namespace morphogen::config {

/// A syntax error in words that help somebody who is new to TOML; @p text is the document.
std::string explain(const SyntaxError& error, std::string_view text);

} // namespace morphogen::config
