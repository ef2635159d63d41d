#include "config/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace morphogen::config {
namespace {

constexpr std::size_t shown_at_most = 60; // characters of a user's value in a message

template <typename Range, typename Text>
std::string listed(const Range& values, Text text) {
    std::string list = "[";
    for (const auto& value : values) {
        if (list.size() > 1) list += ", ";
        list += text(value);
    }
    return list += "]";
}

std::string show_table(const Table& table) {
    std::string text = "{";
    for (const Member& member : table) {
        if (text.size() > 1) text += ", ";
        if (text.size() > shown_at_most) return text + "...}";
        text += show_key(member.name) + " = " + show(member.value);
    }
    return text + "}";
}

std::string show_array(const Array& array) {
    std::string text = "[";
    for (const Value& value : array) {
        if (text.size() > 1) text += ", ";
        if (text.size() > shown_at_most) return text + "...]";
        text += show(value);
    }
    return text + "]";
}

/// Cuts between characters, not within one.
std::string_view cut(std::string_view text) {
    if (text.size() <= shown_at_most) return text;
    std::size_t n = shown_at_most;
    while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80)
        --n;
    return text.substr(0, n);
}

struct Show {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t integer) const { return std::to_string(integer); }
    std::string operator()(double real) const { return show(real); }
    std::string operator()(const std::string& text) const {
        const std::string_view kept = cut(text);
        return in_quotes(kept) + (kept.size() < text.size() ? "..." : "");
    }
    std::string operator()(const Other& other) const { return other.kind; }
    std::string operator()(const Array& array) const { return show_array(array); }
    std::string operator()(const Table& table) const { return show_table(table); }
};

} // namespace

std::string show(double value) {
    std::string text = fmt::format("{}", value);
    if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\u{:04X}", byte);
        else
            out += c;
    }
    return out += '"';
}

std::string show_key(std::string_view name) {
    const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    return bare ? std::string(name) : in_quotes(name);
}

std::string show_list(std::span<const std::int64_t> values) {
    return listed(values, [](std::int64_t v) { return std::to_string(v); });
}

std::string show_list(std::span<const double> values) {
    return listed(values, [](double v) { return show(v); });
}

std::string show(const Value& value) {
    return std::visit(Show{}, value.data);
}

} // namespace morphogen::config
