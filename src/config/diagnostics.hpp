#pragma once

#include "config/document.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::config {

/// Collects the errors of one configuration and throws them all at once.
class Diagnostics {
public:
    Diagnostics(std::string_view file, std::span<const std::string> overrides)
        : file_(file), overrides_(overrides) {}

    void add(Position at, std::string message);
    /// Whether this source (0: the file, n: the n-th override) has an error.
    bool has(std::uint32_t source) const noexcept;
    std::size_t size() const noexcept { return entries_.size(); }

    /// "run.toml:7:1", or the override.
    std::string place(Position at) const;
    /// @throws ConfigError with every error, in the order of their positions, if there is one.
    void throw_if_any();

private:
    struct Entry {
        Position at;
        std::string message;
    };
    std::string line(const Entry& entry) const;

    std::string_view file_;
    std::span<const std::string> overrides_;
    std::vector<Entry> entries_;
};

} // namespace morphogen::config
