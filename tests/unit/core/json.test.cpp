#include "morphogen/core/json.hpp"

#include "catch.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>

using morphogen::core::JsonLayout;
using morphogen::core::JsonWriter;

namespace {

template <typename V>
std::string json_of(const V& value) {
    JsonWriter json;
    json.value(value);
    std::string text = json.take();
    REQUIRE(text.back() == '\n');
    text.pop_back();
    return text;
}

} // namespace

TEST_CASE("json objects and arrays are indented by two spaces") {
    JsonWriter json;
    json.begin_object();
    json.member("name", "run").member("ok", true);
    json.key("empty").begin_object().end_object();
    json.key("none").begin_array().end_array();
    json.key("shape").values(std::array{1, 2, 3});
    json.key("list").begin_array();
    json.begin_object(JsonLayout::line).member("a", 1).member("b", 2.5).end_object();
    json.null();
    json.end_array();
    json.end_object();
    CHECK(json.take() == "{\n"
                         "  \"name\": \"run\",\n"
                         "  \"ok\": true,\n"
                         "  \"empty\": {},\n"
                         "  \"none\": [],\n"
                         "  \"shape\": [1, 2, 3],\n"
                         "  \"list\": [\n"
                         "    {\"a\": 1, \"b\": 2.5},\n"
                         "    null\n"
                         "  ]\n"
                         "}\n");
}

TEST_CASE("json numbers are the shortest that read back") {
    CHECK(json_of(0.1) == "0.1");
    CHECK(json_of(0.0) == "0");
    CHECK(json_of(1e300) == "1e+300");
    CHECK(std::stod(json_of(1.0 / 3.0)) == 1.0 / 3.0);
    CHECK(json_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(json_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
}

TEST_CASE("json has no words for numbers that are not finite") {
    CHECK(json_of(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(json_of(-std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("json strings are escaped and valid UTF-8") {
    CHECK(json_of("a\"b\\c\n\t\r") == R"("a\"b\\c\n\t\r")");
    CHECK(json_of(std::string("\x01\x1f\0", 3)) == R"("\u0001\u001f\u0000")");
    CHECK(json_of("caf\xC3\xA9 \xF0\x9F\x90\x9F") == "\"caf\xC3\xA9 \xF0\x9F\x90\x9F\"");
    CHECK(json_of("\xFF") == "\"\xEF\xBF\xBD\"");
    CHECK(json_of("\xC0\xAF") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");         // overlong
    CHECK(json_of("\xED\xA0\x80").find("\xED") == std::string::npos);     // a surrogate
    CHECK(json_of("\xF4\x90\x80\x80").find("\xF4") == std::string::npos); // past U+10FFFF
    CHECK(json_of("cut \xE2\x82") == "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"");
}
