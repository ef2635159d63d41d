#pragma once

#include "config/document.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::config {

struct Config;
class Reader;

/// What a key's reader found wrong with a value.
struct Problem {
    bool found = false;
    std::string text; // after "'model.dt' "; empty: the value is not what the rule expects
};

inline Problem none() {
    return {};
}
inline Problem not_as_expected() {
    return {true, {}};
}
inline Problem problem(std::string text) {
    return {true, std::move(text)};
}

/// How one key of the struct @p Owner is read, checked and printed.
template <typename Owner>
struct Rule {
    std::string expected; // after "must be": "a number from 0 to 1"
    std::string example;  // a right value, as TOML
    std::function<Problem(const Value&, Owner&, Reader&)> read;
    std::function<std::string(const Owner&, const Config&)> print; // TOML; empty: not set
    std::string example_3d = {};                                   // where it differs
};

/// One key: the only place that knows its name, its range and its meaning.
template <typename Owner>
struct Key {
    std::string_view name;
    std::string_view comment; // printed after it: allowed values, units
    Rule<Owner> rule;
    std::string_view aliases = {};        // what else users call it, separated by spaces
    bool required = false;                // of an item; sections have defaults for everything
    std::vector<std::string> nested = {}; // the keys of the tables that it holds
    bool is_block = false; // prints tables with their own headers, after the section's other keys
};

} // namespace morphogen::config
