#include "morphogen/core/json_reader.hpp"

#include "morphogen/core/error.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace morphogen::core {
namespace {

constexpr int deepest = 64; // the reader recurses: a text must not choose the stack's size

void append_utf8(std::string& text, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

class Reader {
public:
    Reader(std::string_view text, std::string_view where) : text_(text), where_(where) {}

    JsonValue document() {
        JsonValue value = read(0);
        skip_space();
        if (at_ < text_.size()) fail("something follows the value");
        return value;
    }

private:
    using Kind = JsonValue::Kind;

    [[noreturn]] void fail(std::string_view why) const {
        const std::string_view before = text_.substr(0, at_);
        const auto line = 1 + std::count(before.begin(), before.end(), '\n');
        const std::size_t last = before.rfind('\n');
        const std::size_t column = at_ - (last == std::string_view::npos ? 0 : last + 1) + 1;
        throw UsageError(ErrorText{.what = "not JSON",
                                   .where = std::string(where_) + ":" + std::to_string(line) + ":" +
                                            std::to_string(column),
                                   .why = why});
    }

    void skip_space() {
        while (at_ < text_.size() &&
               std::string_view(" \n\t\r").find(text_[at_]) != std::string_view::npos)
            ++at_;
    }
    bool take(std::string_view token) {
        skip_space();
        if (!text_.substr(at_).starts_with(token)) return false;
        at_ += token.size();
        return true;
    }
    char next() {
        if (at_ == text_.size()) fail("the text ends too early");
        return text_[at_++];
    }

    JsonValue read(int depth) {
        if (depth > deepest) fail("nested too deeply");
        JsonValue value;
        if (take("null")) return value;
        for (const bool truth : {true, false})
            if (take(truth ? "true" : "false")) {
                value.kind = Kind::boolean;
                value.truth = truth;
                return value;
            }
        if (take("[")) return array(depth);
        if (take("{")) return object(depth);
        if (at_ == text_.size()) fail("the text ends too early");
        if (take("\"")) {
            value.kind = Kind::string;
            value.text = string();
            return value;
        }
        value.kind = Kind::number;
        value.number = number();
        return value;
    }

    JsonValue array(int depth) {
        JsonValue value;
        value.kind = Kind::array;
        if (take("]")) return value;
        do
            value.items.push_back(read(depth + 1));
        while (take(","));
        if (!take("]")) fail("expected ',' or ']'");
        return value;
    }

    JsonValue object(int depth) {
        JsonValue value;
        value.kind = Kind::object;
        if (take("}")) return value;
        do {
            if (!take("\"")) fail("expected a member's name");
            std::string key = string();
            if (value.find(key) != nullptr) fail("a member is there twice");
            if (!take(":")) fail("expected ':'");
            value.members.push_back({std::move(key), read(depth + 1)});
        } while (take(","));
        if (!take("}")) fail("expected ',' or '}'");
        return value;
    }

    /// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
    double number() {
        const std::size_t begin = at_;
        const auto digits = [&] {
            const std::size_t first = at_;
            while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
                ++at_;
            if (at_ == first) fail("expected a value");
            return at_ - first;
        };
        const auto accept = [&](std::string_view any) {
            const bool found = at_ < text_.size() && any.find(text_[at_]) != std::string_view::npos;
            at_ += found ? 1 : 0;
            return found;
        };
        accept("-");
        const std::size_t first = at_;
        if (digits() > 1 && text_[first] == '0') fail("a number begins with 0");
        if (accept(".")) digits();
        if (accept("eE")) {
            accept("+-");
            digits();
        }
        double result = 0.0;
        const auto parsed = std::from_chars(text_.data() + begin, text_.data() + at_, result);
        if (parsed.ec != std::errc()) fail("a number out of range");
        return result;
    }

    std::string string() {
        std::string text;
        for (char c = next(); c != '"'; c = next()) {
            if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a string");
            if (c == '\\')
                escape(text);
            else
                text += c;
        }
        return text;
    }

    void escape(std::string& text) {
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char c = next();
        const std::size_t found = names.find(c);
        if (found != std::string_view::npos) {
            text += meanings[found];
            return;
        }
        if (c != 'u') fail("an unknown escape");
        std::uint32_t code = hexadecimal();
        if (code >= 0xd800 && code < 0xe000) { // UTF-16's halves of a code point come in pairs
            if (code >= 0xdc00 || next() != '\\' || next() != 'u') fail("half a code point");
            const std::uint32_t low = hexadecimal();
            if (low < 0xdc00 || low >= 0xe000) fail("half a code point");
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        append_utf8(text, code);
    }

    std::uint32_t hexadecimal() {
        const std::string_view digits = text_.substr(at_, 4);
        std::uint32_t code = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (digits.size() < 4 || parsed.ptr != digits.data() + 4)
            fail("expected four hexadecimal digits");
        at_ += 4;
        return code;
    }

    std::string_view text_;
    std::string_view where_;
    std::size_t at_ = 0;
};

} // namespace

const JsonValue* JsonValue::find(std::string_view key) const noexcept {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const auto& member) { return member.key == key; });
    return found == members.end() ? nullptr : &found->value;
}

const JsonValue& JsonValue::at(std::string_view key) const {
    const JsonValue* const found = find(key);
    if (found == nullptr)
        throw Error(ErrorText{.what = "JSON object without a member", .where = key});
    return *found;
}

JsonValue read_json(std::string_view text, std::string_view where) {
    return Reader(text, where).document();
}

} // namespace morphogen::core
