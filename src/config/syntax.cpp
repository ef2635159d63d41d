#include "config/syntax.hpp"

#include "config/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace morphogen::config {
namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string_view line_of(std::string_view text, std::uint32_t line) {
    for (std::uint32_t n = 1; n < line; ++n) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What to write instead of a value that TOML does not know; empty if there is no guess.
std::string advice_for_value(std::string_view key, std::string_view value) {
    constexpr std::array<std::string_view, 3> yes{"true", "yes", "on"};
    constexpr std::array<std::string_view, 3> no{"false", "no", "off"};
    std::string lower(value);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (std::find(yes.begin(), yes.end(), lower) != yes.end())
        return fmt::format("write {} = true", key);
    if (std::find(no.begin(), no.end(), lower) != no.end())
        return fmt::format("write {} = false", key);
    if (value.empty()) return "write a value after '='";
    const bool numeric = std::all_of(value.begin(), value.end(),
                                     [](char c) { return is_digit(c) || c == ',' || c == '.'; });
    if (numeric && value.find(',') != std::string_view::npos)
        return "decimals are written with a point, lists as [1, 2]";
    if (numeric && (value.front() == '.' || value.back() == '.'))
        return "a decimal point needs digits on both sides";
    const bool word = std::any_of(value.begin(), value.end(), is_letter) &&
                      value.find_first_of("\"'[]{},") == std::string_view::npos;
    return word ? fmt::format("text needs quotes: {} = {}", key, in_quotes(value)) : std::string();
}

std::string advice_for_line(std::string_view line) {
    line = trimmed(line.substr(0, line.find('#')));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos)
        return line.starts_with('[') ? "a table's header is [name]"
                                     : "each line is NAME = VALUE or [table]";
    return advice_for_value(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)));
}

} // namespace

std::string explain(const SyntaxError& error, std::string_view text) {
    std::string_view description = error.description;
    constexpr std::string_view opening = "Error while parsing ";
    if (description.starts_with(opening)) description.remove_prefix(opening.size());
    std::string line = fmt::format("not valid TOML: {}", description);
    if (description.find("cannot redefine") != std::string_view::npos)
        return line + "; it is given twice, keep one";
    if (description.find("utf-8") != std::string_view::npos)
        return line + "; save the file as UTF-8 text";
    const std::string advice = advice_for_line(line_of(text, error.at.line));
    return advice.empty() ? line : line + "; " + advice;
}

} // namespace morphogen::config
