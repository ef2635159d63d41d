#include "bench/results.hpp"

#include "morphogen/core/error.hpp"

#include "bench/provenance.hpp"
#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

namespace morphogen::bench {
namespace {

using core::JsonValue;
using Kind = JsonValue::Kind;

constexpr std::string_view advice = "make it with: morphogen bench NAME --json > FILE";

[[noreturn]] void refuse(std::string_view where, const std::string& why) {
    throw core::UsageError(core::ErrorText{
        .what = "cannot read results", .where = where, .why = why, .advice = advice});
}

constexpr std::string_view word_for(Kind kind) {
    switch (kind) {
    case Kind::null:
        return "null";
    case Kind::boolean:
        return "a boolean";
    case Kind::number:
        return "a number";
    case Kind::string:
        return "a text";
    case Kind::array:
        return "an array";
    case Kind::object:
        break;
    }
    return "an object";
}

/// Goes through a result; throws at the first thing that is of another kind.
class Checker {
public:
    Checker(std::string_view where, std::string_view name) : where_(where), name_(name) {}

    void check(const JsonValue& result) const {
        expect(result, "it", {Kind::object});
        member(result, "it", "name", {Kind::string});
        member(result, "it", "title", {Kind::string});
        if (member(result, "it", "repeats", {Kind::number}).number < 1)
            fail("repeats is less than 1");
        for (const auto& [key, fact] : member(result, "it", "facts", {Kind::object}).members)
            check_fact(fact, fmt::format("facts.{}", key));
        const JsonValue& columns = member(result, "it", "columns", {Kind::array});
        check_columns(columns);
        const auto& rows = member(result, "it", "rows", {Kind::array}).items;
        for (std::size_t r = 0; r < rows.size(); ++r)
            check_row(columns, rows[r], fmt::format("rows[{}]", r));
    }

private:
    using Kinds = std::initializer_list<Kind>;

    [[noreturn]] void fail(const std::string& why) const {
        refuse(where_, name_.empty() ? why : fmt::format("{}: {}", name_, why));
    }

    void expect(const JsonValue& value, const std::string& what, Kinds kinds) const {
        if (std::ranges::find(kinds, value.kind) != kinds.end()) return;
        fail(fmt::format("{} is {}, not {}", what, word_for(value.kind), word_for(*kinds.begin())));
    }

    const JsonValue& member(const JsonValue& object, const std::string& what, const char* key,
                            Kinds kinds) const {
        const JsonValue* const found = object.find(key);
        if (found == nullptr) fail(fmt::format("{} has no {}", what, key));
        expect(*found, what == "it" ? key : what + '.' + key, kinds);
        return *found;
    }

    /// Null: does not apply.
    void check_spread(const JsonValue& spread, const std::string& what) const {
        expect(spread, what, {Kind::number, Kind::null});
    }

    void check_fact(const JsonValue& fact, const std::string& what) const {
        expect(fact, what, {Kind::object});
        member(fact, what, "title", {Kind::string});
        member(fact, what, "value", {Kind::number, Kind::null});
        member(fact, what, "unit", {Kind::string});
        if (const JsonValue* const spread = fact.find("spread"))
            check_spread(*spread, what + ".spread");
    }

    void check_columns(const JsonValue& columns) const {
        std::set<std::string> keys;
        for (std::size_t c = 0; c < columns.items.size(); ++c) {
            const JsonValue& column = columns.items[c];
            const std::string what = fmt::format("columns[{}]", c);
            expect(column, what, {Kind::object});
            if (!keys.insert(member(column, what, "key", {Kind::string}).text).second)
                fail(what + " has the key of another");
            member(column, what, "title", {Kind::string});
            const std::string& meaning = member(column, what, "meaning", {Kind::string}).text;
            constexpr std::array known{Meaning::label, Meaning::more_is_better,
                                       Meaning::less_is_better, Meaning::detail};
            if (std::ranges::none_of(known, [&](Meaning m) { return name_of(m) == meaning; }))
                fail(fmt::format("{} has the meaning '{}', which there is not", what, meaning));
        }
    }

    void check_row(const JsonValue& columns, const JsonValue& row, const std::string& what) const {
        expect(row, what, {Kind::object});
        for (const JsonValue& column : columns.items) {
            const std::string& meaning = column.at("meaning").text;
            const char* const key = column.at("key").text.c_str();
            if (meaning == name_of(Meaning::label))
                member(row, what, key, {Kind::string, Kind::number});
            else if (meaning == name_of(Meaning::detail))
                member(row, what, key, {Kind::number, Kind::string, Kind::null});
            else
                member(row, what, key, {Kind::number, Kind::null});
        }
        const JsonValue* const spreads = row.find("spread");
        if (spreads == nullptr) return;
        expect(*spreads, what + ".spread", {Kind::object});
        for (const auto& [key, spread] : spreads->members)
            check_spread(spread, fmt::format("{}.spread.{}", what, key));
    }

    std::string_view where_;
    std::string_view name_; // of the measurement, where there are several
};

void check_provenance(const JsonValue& made, std::string_view where) {
    if (!made.is(Kind::object)) refuse(where, "provenance is no object");
    for (const auto& [key, value] : made.members)
        if (!value.is(Kind::string) && !value.is(Kind::number))
            refuse(where, fmt::format("provenance.{} is {}", key, word_for(value.kind)));
}

} // namespace

Results results_in(JsonValue document, std::string_view where) {
    if (!document.is(Kind::object)) refuse(where, "it is JSON, but not results of measurements");
    Results results;
    const auto head = std::ranges::find(document.members, provenance_key, &core::JsonMember::key);
    if (head != document.members.end()) {
        check_provenance(head->value, where);
        results.provenance = std::move(head->value);
        document.members.erase(head);
    }
    if (document.find("rows") != nullptr || document.find("name") != nullptr) {
        Checker(where, "").check(document);
        results.measurements.push_back(std::move(document));
        return results;
    }
    for (auto& [name, value] : document.members) {
        Checker(where, name).check(value);
        results.measurements.push_back(std::move(value));
    }
    if (results.measurements.empty()) refuse(where, "there are no results of measurements in it");
    return results;
}

Results read_results(const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) refuse(path.native(), "it is a directory");
    std::ifstream in(path, std::ios::binary);
    if (!in) refuse(path.native(), core::errno_text(errno));
    std::ostringstream text;
    if (!(text << in.rdbuf()).good()) refuse(path.native(), "it is empty, or reading failed");
    JsonValue document;
    try {
        document = core::read_json(text.str(), path.native());
    } catch (const core::UsageError& e) {
        refuse(path.native(), e.what());
    }
    return results_in(std::move(document), path.native());
}

} // namespace morphogen::bench
