#include "config/document.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

namespace morphogen::config {
namespace {

Position position(const toml::source_region& region, std::uint32_t source) noexcept {
    return {source, region.begin.line, region.begin.column};
}

/// Tables nest four deep here; what is deeper is an error anyway, and must not take the stack with
/// it.
constexpr int max_depth = 16;

Value convert(const toml::node& node, std::uint32_t source, int depth);

Table convert_table(const toml::table& table, std::uint32_t source, int depth) {
    Table members;
    members.reserve(table.size());
    for (const auto& [key, node] : table)
        members.push_back({std::string(key.str()), position(key.source(), source),
                           convert(node, source, depth + 1)});
    return members;
}

Array convert_array(const toml::array& array, std::uint32_t source, int depth) {
    Array items;
    items.reserve(array.size());
    for (const toml::node& node : array)
        items.push_back(convert(node, source, depth + 1));
    return items;
}

Value convert(const toml::node& node, std::uint32_t source, int depth) {
    Value value{false, position(node.source(), source), false};
    if (depth > max_depth) {
        value.data = Other{"a deeply nested value"};
    } else if (const auto* table = node.as_table()) {
        value.data = convert_table(*table, source, depth);
        value.is_inline = table->is_inline();
    } else if (const auto* array = node.as_array()) {
        value.data = convert_array(*array, source, depth);
    } else if (const auto* text = node.as_string()) {
        value.data = text->get();
    } else if (const auto* integer = node.as_integer()) {
        value.data = integer->get();
    } else if (const auto* real = node.as_floating_point()) {
        value.data = real->get();
    } else if (const auto* flag = node.as_boolean()) {
        value.data = flag->get();
    } else {
        value.data = Other{node.is_time() ? "a time of day" : "a date"};
    }
    return value;
}

/// toml++ 3.3 bounds the nesting of brackets but not of dotted keys, and frees tables recursively:
/// a key of 10^5 parts would overflow the stack. No key here has more than four parts.
constexpr std::size_t max_dots = 64;

/// The position of the first dotted key that is unreasonably long, if any. Counts dots up to the
/// next character that ends a key; dots in strings count too, which is harmless: nobody writes that
/// many without one of those.
std::optional<SyntaxError> too_deep(std::string_view text, std::uint32_t source) {
    std::uint32_t line = 1;
    std::uint32_t column = 0;
    std::size_t dots = 0;
    for (const char c : text) {
        ++column;
        if (c == '.' && ++dots > max_dots)
            return SyntaxError{{source, line, column}, "more than 64 dots in one name"};
        if (c == '\n') {
            ++line;
            column = 0;
        }
        if (c == '\n' || c == '=' || c == ',') dots = 0;
    }
    return std::nullopt;
}

} // namespace

const Value* find(const Table& table, std::string_view name) noexcept {
    const auto it = std::find_if(table.begin(), table.end(),
                                 [&](const Member& member) { return member.name == name; });
    return it == table.end() ? nullptr : &it->value;
}

std::variant<Table, SyntaxError> parse_document(std::string_view text, std::uint32_t source) {
    if (auto error = too_deep(text, source)) return *std::move(error);
    try {
        return convert_table(toml::parse(text), source, 0);
    } catch (const toml::parse_error& error) {
        return SyntaxError{position(error.source(), source), std::string(error.description())};
    }
}

} // namespace morphogen::config
