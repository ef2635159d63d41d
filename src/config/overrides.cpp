#include "config/overrides.hpp"

#include "config/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace morphogen::config {
namespace {

constexpr std::string_view usage = "write KEY=VALUE, for example --set model.feed=0.03";

/// Sets what @p from holds in @p into. Dotted names and whole sections are merged key by key; below
/// a section, {...} replaces what was there, so that `--set mpi.hints={}` empties it. Returns the
/// name of a value that is in the way.
std::string merge(Table& into, Table&& from, const std::string& path) {
    for (Member& member : from) {
        std::string name = (path.empty() ? "" : path + '.') + show_key(member.name);
        const auto it = std::find_if(into.begin(), into.end(),
                                     [&](const Member& old) { return old.name == member.name; });
        auto* table = std::get_if<Table>(&member.value.data);
        const bool merges = table && (!member.value.is_inline || path.empty());
        if (it == into.end()) {
            into.push_back(std::move(member));
        } else if (!merges) {
            *it = std::move(member);
        } else if (auto* old = std::get_if<Table>(&it->value.data)) {
            if (auto in_the_way = merge(*old, std::move(*table), name); !in_the_way.empty())
                return in_the_way;
        } else {
            return name;
        }
    }
    return {};
}

/// The member that KEY=VALUE names, if TOML finds nothing else in the text.
bool is_one_assignment(const Table& document) {
    const Table* table = &document;
    while (table->size() == 1) {
        const Value& value = table->front().value;
        const auto* next = std::get_if<Table>(&value.data);
        if (!next || value.is_inline) return true;
        table = next;
    }
    return false;
}

struct Failed {
    std::string message;
    std::optional<Table> as_text; // what the override would be with quotes around its value
};

/// TOML's complaint about a bare word is hard to read, and the shell has often eaten the quotes:
/// show how to write it.
Failed explain(const std::string& text, const SyntaxError& error) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return {std::string(usage), {}};
    const std::string key = text.substr(0, equals);
    const std::string value = text.substr(equals + 1);
    if (!std::holds_alternative<Table>(parse_document(key + "=0", 1)))
        return {std::string(usage), {}};
    if (value.empty()) return {fmt::format("the value is missing; {}", usage), {}};
    if (value.find_first_of("\"'[]{}") != std::string::npos)
        return {fmt::format("not valid TOML: {}; lists are [1, 2], text is \"in quotes\", all of "
                            "it in '...' for the "
                            "shell",
                            error.description),
                {}};
    auto with_quotes = parse_document(key + '=' + in_quotes(value), error.at.source);
    auto* table = std::get_if<Table>(&with_quotes);
    return {fmt::format("text needs quotes, and the shell takes one pair away; write --set '{}={}'",
                        key, in_quotes(value)),
            table ? std::optional(std::move(*table)) : std::nullopt};
}

} // namespace

std::vector<LateError> apply_overrides(Table& document, std::span<const std::string> overrides,
                                       Diagnostics& errors) {
    std::vector<LateError> late;
    for (std::size_t i = 0; i < overrides.size(); ++i) {
        const std::string& text = overrides[i];
        const Position at{static_cast<std::uint32_t>(i + 1), 1, 1};
        auto parsed = parse_document(text, at.source);
        if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
            Failed failed = explain(text, *error);
            if (!failed.as_text) {
                errors.add(at, std::move(failed.message));
                continue;
            }
            late.push_back({at, std::move(failed.message)});
            parsed = *std::move(failed.as_text);
        }
        auto& table = std::get<Table>(parsed);
        if (text.find_first_of("\r\n") != std::string::npos || !is_one_assignment(table))
            errors.add(at, std::string(usage));
        else if (const std::string name = merge(document, std::move(table), ""); !name.empty())
            errors.add(
                at,
                fmt::format(
                    "'{0}' is not a table, a key below it cannot be set; set it as a whole: --set "
                    "'{0}=...'",
                    name));
    }
    return late;
}

} // namespace morphogen::config
