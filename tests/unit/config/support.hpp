#pragma once

#include "morphogen/config/load.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace test {

/// The error lines of a configuration called run.toml; none if it is right.
inline std::vector<std::string> errors(std::string_view toml,
                                       const std::vector<std::string>& overrides = {}) {
    try {
        morphogen::config::parse(toml, "run.toml", overrides);
        return {};
    } catch (const morphogen::config::ConfigError& error) {
        return error.lines();
    }
}

/// The only error line; all of them joined if there is not exactly one.
inline std::string error(std::string_view toml, const std::vector<std::string>& overrides = {}) {
    std::string text;
    for (const std::string& line : errors(toml, overrides))
        text += (text.empty() ? "" : "\n") + line;
    return text;
}

} // namespace test
