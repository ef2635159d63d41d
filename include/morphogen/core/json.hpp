#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace morphogen::core {

/// How a JSON array or object is laid out: one element per line, or all on one line.
enum class JsonLayout { lines, line };

/// Writes one JSON text (RFC 8259), indented by two spaces. Strings are escaped and made valid
/// UTF-8; numbers are the shortest that read back to the same value; NaN and infinities, which JSON
/// lacks, become null.
///
/// Calls that would not give JSON (a value in an object without a key, an unmatched end) are
/// contract violations.
class JsonWriter {
public:
    JsonWriter& begin_object(JsonLayout layout = JsonLayout::lines);
    JsonWriter& end_object();
    JsonWriter& begin_array(JsonLayout layout = JsonLayout::lines);
    JsonWriter& end_array();
    JsonWriter& key(std::string_view name);

    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(double number);
    JsonWriter& value(std::same_as<bool> auto truth) { return literal(truth ? "true" : "false"); }
    template <std::integral I>
    requires(!std::same_as<I, bool>) JsonWriter& value(I number) {
        return literal(std::to_string(number));
    }
    JsonWriter& null() { return literal("null"); }

    /// key(name) and value(v).
    template <typename V>
    JsonWriter& member(std::string_view name, const V& v) {
        return key(name).value(v);
    }

    /// A whole array of values on one line.
    template <typename Range>
    JsonWriter& values(const Range& range) {
        begin_array(JsonLayout::line);
        for (const auto& v : range)
            value(v);
        return end_array();
    }

    /// The text, ended by a newline. Every object and array must be ended.
    std::string take();

private:
    struct Level {
        bool object;
        JsonLayout layout;
        bool empty = true;
    };
    JsonWriter& begin(char bracket, JsonLayout layout);
    JsonWriter& end(char bracket);
    JsonWriter& literal(std::string_view text);
    void before_value();
    void separate();
    void new_line();
    void append_string(std::string_view text);

    std::string text_;
    std::vector<Level> levels_;
    bool after_key_ = false;
};

} // namespace morphogen::core
