#include "bench/compare_heads.hpp"

#include "morphogen/core/error.hpp"

#include "bench/provenance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

namespace morphogen::bench {
namespace {

using core::JsonValue;
using Kind = JsonValue::Kind;

constexpr std::string_view date_key = "date"; // of every file another

std::string text_in(const Head& head, std::string_view key) {
    const JsonValue* const value = head.provenance.find(key);
    if (value == nullptr) return "-";
    return value->is(Kind::string) ? core::single_line(value->text)
                                   : fmt::format("{}", value->number);
}

bool is_told(const Head& head) {
    return !head.provenance.is(Kind::null);
}

std::vector<std::string> keys_of(const Head& first, const Head& second) {
    std::vector<std::string> keys;
    for (const Head* const head : {&first, &second})
        for (const core::JsonMember& member : head->provenance.members)
            if (std::ranges::find(keys, member.key) == keys.end()) keys.push_back(member.key);
    return keys;
}

void write_head(core::JsonWriter& json, const Head& head) {
    if (!is_told(head)) {
        json.null();
        return;
    }
    json.begin_object();
    for (const auto& [key, value] : head.provenance.members) {
        if (value.is(Kind::string))
            json.member(key, value.text);
        else
            json.member(key, value.number);
    }
    json.end_object();
}

} // namespace

void print_heads(std::ostream& out, const Head& first, const Head& second) {
    const auto line = [&](std::string_view which, const Head& head) {
        out << fmt::format("{:<7} {}, {}\n", which, core::single_line(head.file.native()),
                           is_told(head) ? text_in(head, date_key)
                                         : "which does not tell what made it");
    };
    line("first:", first);
    line("second:", second);
    if (is_told(first) && is_told(second))
        for (const std::string& key : keys_of(first, second))
            if (const std::string a = text_in(first, key), b = text_in(second, key);
                a != b && key != date_key)
                out << fmt::format("  {}: {} / {}\n", core::single_line(key), a, b);
    out << '\n';
}

void write_heads(core::JsonWriter& json, const Head& first, const Head& second) {
    json.key(provenance_key).begin_object();
    write_head(json.key("first"), first);
    write_head(json.key("second"), second);
    json.end_object();
}

std::vector<std::string> warnings_of(const Head& first, const Head& second) {
    std::vector<std::string> warnings;
    for (const Head* const head : {&first, &second})
        if (!is_told(*head))
            warnings.push_back(fmt::format("{} does not tell what made it, as older versions' "
                                           "results: whether the two are alike is not known",
                                           head->file.native()));
    if (!warnings.empty()) return warnings;
    constexpr std::array options{"ranks", "threads", "seconds"};
    for (const char* const key : options)
        if (const std::string a = text_in(first, key), b = text_in(second, key); a != b)
            warnings.push_back(fmt::format(
                "measured with other {}, {} ({}) and {} ({}): the differences may come from that",
                key, a, first.file.native(), b, second.file.native()));
    return warnings;
}

} // namespace morphogen::bench
