#include "morphogen/core/json.hpp"

#include "morphogen/core/contract.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace morphogen::core {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

bool is_continuation(std::string_view text, std::size_t i) {
    return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
}

/// Bytes of the well-formed UTF-8 sequence at the front of @p text (Unicode 15, table 3-7), 0 if it
/// is none. File names are bytes on Linux, so anything may come.
std::size_t utf8_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return 1;
    const std::size_t n = lead >= 0xC2 && lead <= 0xDF   ? 2
                          : lead >= 0xE0 && lead <= 0xEF ? 3
                          : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                         : 0;
    for (std::size_t i = 1; i < n; ++i)
        if (!is_continuation(text, i)) return 0;
    if (n < 3) return n;
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return overlong || outside ? 0 : n;
}

void append_escaped(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
    case '"':
        out += "\\\"";
        break;
    case '\\':
        out += "\\\\";
        break;
    case '\n':
        out += "\\n";
        break;
    case '\t':
        out += "\\t";
        break;
    case '\r':
        out += "\\r";
        break;
    default:
        (((out += "\\u00") += hex[byte >> 4U]) += hex[byte & 0xFU]);
    }
}

} // namespace

JsonWriter& JsonWriter::begin_object(JsonLayout layout) {
    return begin('{', layout);
}
JsonWriter& JsonWriter::end_object() {
    return end('}');
}
JsonWriter& JsonWriter::begin_array(JsonLayout layout) {
    return begin('[', layout);
}
JsonWriter& JsonWriter::end_array() {
    return end(']');
}

JsonWriter& JsonWriter::key(std::string_view name) {
    MORPHOGEN_EXPECT(!levels_.empty() && levels_.back().object && !after_key_);
    separate();
    append_string(name);
    text_ += ": ";
    after_key_ = true;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    before_value();
    append_string(text);
    return *this;
}

JsonWriter& JsonWriter::value(double number) {
    if (!std::isfinite(number)) return null();
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return literal({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string JsonWriter::take() {
    MORPHOGEN_EXPECT(levels_.empty() && !after_key_);
    text_ += '\n';
    return std::exchange(text_, {});
}

JsonWriter& JsonWriter::begin(char bracket, JsonLayout layout) {
    before_value();
    text_ += bracket;
    // What is inside a one-line array stays on its line.
    if (!levels_.empty() && levels_.back().layout == JsonLayout::line) layout = JsonLayout::line;
    levels_.push_back({.object = bracket == '{', .layout = layout});
    return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
    MORPHOGEN_EXPECT(!levels_.empty() && levels_.back().object == (bracket == '}') && !after_key_);
    const Level level = levels_.back();
    levels_.pop_back();
    if (!level.empty && level.layout == JsonLayout::lines) new_line();
    text_ += bracket;
    return *this;
}

JsonWriter& JsonWriter::literal(std::string_view text) {
    before_value();
    text_ += text;
    return *this;
}

void JsonWriter::before_value() {
    if (std::exchange(after_key_, false)) return;
    MORPHOGEN_EXPECT(levels_.empty() ? text_.empty() : !levels_.back().object);
    if (!levels_.empty()) separate();
}

/// What must stand before the next key or element: a comma, a line break.
void JsonWriter::separate() {
    Level& level = levels_.back();
    if (!level.empty) text_ += level.layout == JsonLayout::line ? ", " : ",";
    if (level.layout == JsonLayout::lines) new_line();
    level.empty = false;
}

void JsonWriter::new_line() {
    text_ += '\n';
    text_.append(2 * levels_.size(), ' ');
}

void JsonWriter::append_string(std::string_view text) {
    text_ += '"';
    while (!text.empty()) {
        const std::size_t n = utf8_length(text);
        const char c = text.front();
        if (n == 0)
            text_ += replacement;
        else if (n > 1)
            text_ += text.substr(0, n);
        else if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
            append_escaped(text_, c);
        else
            text_ += c;
        text.remove_prefix(n == 0 ? 1 : n);
    }
    text_ += '"';
}

} // namespace morphogen::core
