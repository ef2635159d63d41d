#include "config/diagnostics.hpp"

#include "morphogen/config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace morphogen::config {
namespace {

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        if (!text.empty()) text += '\n';
        text += line;
    }
    return text;
}

} // namespace

ConfigError::ConfigError(std::vector<std::string> lines)
    : core::UsageError(joined(lines)), lines_(std::move(lines)) {}

void Diagnostics::add(Position at, std::string message) {
    entries_.push_back({at, std::move(message)});
}

bool Diagnostics::has(std::uint32_t source) const noexcept {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return entry.at.source == source; });
}

std::string Diagnostics::line(const Entry& entry) const {
    return fmt::format("{}: {}", place(entry.at), entry.message);
}

std::string Diagnostics::place(Position at) const {
    if (at.source > 0) return fmt::format("--set {}", overrides_[at.source - 1]);
    if (at.line > 0) return fmt::format("{}:{}:{}", file_, at.line, at.column);
    return std::string(file_);
}

void Diagnostics::throw_if_any() {
    if (entries_.empty()) return;
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& a, const Entry& b) { return a.at < b.at; });
    std::vector<std::string> lines;
    lines.reserve(entries_.size());
    for (const Entry& entry : entries_)
        lines.push_back(core::single_line(line(entry)));
    throw ConfigError(std::move(lines));
}

} // namespace morphogen::config
