#include "morphogen/core/json_reader.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"

#include "catch.hpp"

#include <string>
#include <vector>

using morphogen::core::JsonValue;
using morphogen::core::JsonWriter;
using morphogen::core::read_json;
using Kind = JsonValue::Kind;

TEST_CASE("what the JSON writer writes is read back") {
    JsonWriter json;
    json.begin_object().member("text", "a \"b\" \\ \n\t\x01 \u00e9").member("yes", true);
    json.member("no", false).member("third", 1.0 / 3.0).member("count", -12).key("none").null();
    json.key("list").values(std::vector<int>{1, 2, 3});
    json.key("empty").begin_array().end_array();
    json.key("inner").begin_object().end_object().end_object();
    const JsonValue v = read_json(json.take(), "test");
    REQUIRE(v.is(Kind::object));
    CHECK(v.members.size() == 9);
    CHECK(v.at("text").text == "a \"b\" \\ \n\t\x01 \u00e9");
    CHECK((v.at("yes").is(Kind::boolean) && v.at("yes").truth));
    CHECK((v.at("no").is(Kind::boolean) && !v.at("no").truth));
    CHECK(v.at("third").number == 1.0 / 3.0);
    CHECK(v.at("count").number == -12.0);
    CHECK(v.at("none").is(Kind::null));
    REQUIRE(v.at("list").items.size() == 3);
    CHECK(v.at("list").items[2].number == 3.0);
    CHECK(v.at("empty").items.empty());
    CHECK(v.at("inner").is(Kind::object));
    CHECK(v.find("absent") == nullptr);
    CHECK_THROWS_WITH(v.at("absent"), Catch::Contains("absent"));
}

TEST_CASE("JSON escapes are decoded to UTF-8") {
    CHECK(read_json(R"("\u0041\/\b\f\r")", "test").text == "A/\b\f\r");
    CHECK(read_json(R"("\u00e9\u20ac")", "test").text == "\xc3\xa9\xe2\x82\xac");
    CHECK(read_json(R"("\ud83d\ude00")", "test").text == "\xf0\x9f\x98\x80");
}

TEST_CASE("JSON numbers are what RFC 8259 allows") {
    CHECK(read_json("-0.5e+2", "test").number == -50.0);
    CHECK(read_json(" 0 ", "test").number == 0.0);
    for (const char* bad : {"01", "-", "+1", ".5", "1.", "1e", "0x1", "1e999", "NaN", "- 1"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(read_json(bad, "test"), morphogen::core::UsageError);
    }
}

TEST_CASE("what is not JSON is told with its place") {
    const auto refused = [](const std::string& text, const std::string& message) {
        CAPTURE(text);
        CHECK_THROWS_WITH(read_json(text, "file"), Catch::Contains(message));
    };
    refused("", "file:1:1): the text ends too early");
    refused("{\"a\": 1,\n  \"b\" 2}", "file:2:7): expected ':'");
    refused("[1, 2", "expected ',' or ']'");
    refused("[1,]", "file:1:4): expected a value");
    refused("{\"a\": 1", "expected ',' or '}'");
    refused("{a: 1}", "a member's name");
    refused("{\"a\": 1, \"a\": 2}", "twice");
    refused("1 2", "something follows");
    refused("\"abc", "ends too early");
    refused("\"a\nb\"", "control character");
    refused(R"("\x")", "unknown escape");
    refused(R"("\u12g4")", "hexadecimal");
    refused(R"("\u12)", "hexadecimal");
    refused(R"("\ud83d")", "half a code point");
    refused(R"("\ude00")", "half a code point");
    refused(R"("\ud83d\u0041")", "half a code point");
    refused("tru", "expected a value");
    refused(std::string(100'000, '['), "nested too deeply");
}
