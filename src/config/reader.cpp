#include "config/reader.hpp"

#include "config/schema.hpp"

namespace morphogen::config {

Position Reader::where(std::initializer_list<std::string_view> keys) const {
    for (const std::string_view key : keys)
        if (const auto it = where_.find(key); it != where_.end()) return it->second;
    return {};
}

void Reader::unknown(Position at, const std::string& name, const Value& value,
                     std::string_view known_keys) {
    const bool is_table = std::holds_alternative<Table>(value.data);
    const std::string_view meant = core::closest(name, all_names());
    const auto cut = name.rfind('.');
    std::string text =
        fmt::format("unknown {} '{}'", is_table && !value.is_inline ? "table" : "key", name);
    if (!meant.empty())
        text += fmt::format(" (did you mean '{}'?)", meant);
    else if (cut == std::string::npos)
        text += fmt::format("; the tables are {}", known_keys);
    else
        text += fmt::format("; '{}' has {}", name.substr(0, cut), known_keys);
    error(at, std::move(text));
}

void Reader::reject(Position at, const std::string& name, const Problem& problem,
                    const Value& value, std::string_view expected, std::string_view example) {
    failed_.insert(name);
    if (!problem.text.empty())
        error(at, fmt::format("'{}' {}", name, problem.text));
    else
        error(at, fmt::format("'{}' must be {}, got {}; write for example {}", name, expected,
                              show(value), example));
}

} // namespace morphogen::config
