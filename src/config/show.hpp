#pragma once

#include "config/document.hpp"

#include <span>
#include <string>
#include <string_view>

/// Values as TOML text.
namespace morphogen::config {

/// The shortest text that reads back to the same double, and as a float: "1.0", never "1".
std::string show(double value);

/// A basic string with quotes and escapes.
std::string in_quotes(std::string_view text);

/// A key: bare where TOML allows it, else quoted.
std::string show_key(std::string_view name);

/// "[1, 2]"
std::string show_list(std::span<const std::int64_t> values);
std::string show_list(std::span<const double> values);

/// What a user wrote, for messages: long text is cut.
std::string show(const Value& value);

} // namespace morphogen::config
