#pragma once

#include <cctype>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::test {

/// A JSON value, just enough to look into what the program prints. Throws std::runtime_error on
/// anything that RFC 8259 does not allow (it does not decode escapes).
struct Json {
    enum class Kind { null, boolean, number, string, array, object } kind = Kind::null;
    double number = 0.0;
    std::string text;
    std::vector<Json> items;
    std::map<std::string, Json> members;

    const Json& at(const std::string& key) const { return members.at(key); }
    static Json parse(std::string_view text);
};

class JsonReader {
public:
    explicit JsonReader(std::string_view text) : rest_(text) {}

    Json document() {
        Json value = read();
        skip_space();
        if (!rest_.empty()) fail();
        return value;
    }

private:
    [[noreturn]] void fail() const {
        throw std::runtime_error("not JSON at: " + std::string(rest_.substr(0, 40)));
    }
    void skip_space() {
        while (!rest_.empty() &&
               std::string_view(" \n\t\r").find(rest_.front()) != std::string_view::npos)
            rest_.remove_prefix(1);
    }
    bool take(std::string_view token) {
        skip_space();
        if (!rest_.starts_with(token)) return false;
        rest_.remove_prefix(token.size());
        return true;
    }
    void expect(std::string_view token) {
        if (!take(token)) fail();
    }
    std::string string() {
        expect("\"");
        std::string text;
        while (!rest_.empty() && rest_.front() != '"') {
            if (static_cast<unsigned char>(rest_.front()) < 0x20) fail();
            const std::size_t n = rest_.front() == '\\' ? 2 : 1;
            if (rest_.size() < n) fail();
            text += rest_.substr(0, n);
            rest_.remove_prefix(n);
        }
        expect("\"");
        return text;
    }
    Json number() {
        std::size_t n = 0;
        while (n < rest_.size() &&
               (std::isdigit(static_cast<unsigned char>(rest_[n])) != 0 ||
                std::string_view("+-.eE").find(rest_[n]) != std::string_view::npos))
            ++n;
        Json value{.kind = Json::Kind::number,
                   .number = 0.0,
                   .text = std::string(rest_.substr(0, n)),
                   .items = {},
                   .members = {}};
        std::size_t used = 0;
        value.number = std::stod(value.text, &used);
        if (used != n) fail();
        rest_.remove_prefix(n);
        return value;
    }
    Json read() {
        Json value;
        if (take("null")) return value;
        value.kind = Json::Kind::boolean;
        if (take("true") || take("false")) return value;
        if (take("[")) return array();
        if (take("{")) return object();
        if (rest_.empty()) fail();
        if (rest_.front() != '"') return number();
        value.kind = Json::Kind::string;
        value.text = string();
        return value;
    }
    Json array() {
        Json value;
        value.kind = Json::Kind::array;
        if (take("]")) return value;
        do
            value.items.push_back(read());
        while (take(","));
        expect("]");
        return value;
    }
    Json object() {
        Json value;
        value.kind = Json::Kind::object;
        if (take("}")) return value;
        do {
            const std::string key = string();
            expect(":");
            if (!value.members.emplace(key, read()).second) fail(); // a key twice
        } while (take(","));
        expect("}");
        return value;
    }

    std::string_view rest_;
};

inline Json Json::parse(std::string_view text) {
    return JsonReader(text).document();
}

} // namespace morphogen::test
