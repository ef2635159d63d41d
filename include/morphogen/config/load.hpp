#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/error.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::config {

/// All the errors of a configuration at once, one line each, `file:line:column: what (did you mean
/// ...?)`. Exit code 2.
class ConfigError : public core::UsageError {
public:
    explicit ConfigError(std::vector<std::string> lines);
    const std::vector<std::string>& lines() const noexcept { return lines_; }

private:
    std::vector<std::string> lines_; // what() is these, joined by newlines
};

/// Reads a TOML file, applies the overrides ("model.feed=0.03", TOML's value syntax) and checks
/// every key, type, range and what can be checked across keys without knowing the ranks (stability,
/// stencil against dimensions, shapes' ranks).
/// @throws ConfigError with all errors; core::UsageError if the file cannot be read.
Config load(const std::filesystem::path& file, std::span<const std::string> overrides = {});

/// The same from text; @p name stands for the file in messages.
Config parse(std::string_view toml, std::string_view name,
             std::span<const std::string> overrides = {});

/// The whole configuration as TOML that `parse` reads back to the same values, every key present.
std::string to_toml(const Config& config);

/// The default configuration as TOML with a comment on every key: what `morphogen config` prints.
std::string default_toml();

} // namespace morphogen::config
