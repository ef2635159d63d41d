#include "bench/compare.hpp"

#include "morphogen/bench/bench.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <ostream>
#include <sstream>
#include <system_error>
#include <utility>

namespace morphogen::bench {
namespace {

using core::JsonValue;
using Kind = JsonValue::Kind;

// Changes that mean nothing: what repeats on an idle machine differ by, and what one measurement
// without repeats may be off by.
constexpr double repeated_noise = 0.02;
constexpr double single_noise = 0.10;
constexpr double enough_repeats = 3;

bool is_result(const JsonValue& value) {
    const auto has = [&](const char* key, Kind kind) {
        const JsonValue* const member = value.find(key);
        return member != nullptr && member->is(kind);
    };
    return has("name", Kind::string) && has("repeats", Kind::number) &&
           has("facts", Kind::object) && has("columns", Kind::array) && has("rows", Kind::array);
}

std::string text_of(const JsonValue& value) {
    return value.is(Kind::string) ? value.text : fmt::format("{}", value.number);
}

/// A number that says something about the machine or the program.
struct Figure {
    std::string key;   // with those of the row's labels: what pairs it with the other file's
    std::string label; // of its row
    std::string title; // of its column
    std::string meaning;
    double value = 0.0;
    double spread = 0.0;
};

double number_in(const JsonValue& object, std::string_view key, double otherwise) {
    const JsonValue* const found = object.find(key);
    return found != nullptr && found->is(Kind::number) ? found->number : otherwise;
}

constexpr double none = std::numeric_limits<double>::quiet_NaN();

struct Label {
    std::string shown;
    std::string key; // titles may be reworded, or be the same for two columns: keys are neither
};

/// The label cells of a row, one after the other.
Label label_of(const JsonValue& result, const JsonValue& row) {
    Label label;
    for (const JsonValue& column : result.at("columns").items) {
        if (column.at("meaning").text != name_of(Meaning::label)) continue;
        const JsonValue* const cell = row.find(column.at("key").text);
        if (cell == nullptr || cell->is(Kind::null)) continue;
        const std::string text = text_of(*cell);
        // A bare number tells nothing without its column's name.
        const std::string named =
            cell->is(Kind::number) ? text + " " + column.at("title").text : text;
        label.shown += (label.shown.empty() ? "" : ", ") + named;
        label.key += column.at("key").text + '=' + text + '\n';
    }
    return label;
}

std::vector<Figure> figures_of(const JsonValue& result) {
    std::vector<Figure> figures;
    for (const auto& [key, fact] : result.at("facts").members) {
        const JsonValue* const title = fact.find("title");
        figures.push_back({"fact " + key, title != nullptr ? title->text : key,
                           fact.at("unit").text, "limit", number_in(fact, "value", none),
                           number_in(fact, "spread", 0.0)});
    }
    for (const JsonValue& row : result.at("rows").items) {
        const Label label = label_of(result, row);
        const JsonValue* const spreads = row.find("spread");
        for (const JsonValue& column : result.at("columns").items) {
            const std::string& meaning = column.at("meaning").text;
            if (meaning != name_of(Meaning::more_is_better) &&
                meaning != name_of(Meaning::less_is_better))
                continue;
            const std::string& key = column.at("key").text;
            figures.push_back({label.key + key, label.shown, column.at("title").text, meaning,
                               number_in(row, key, none),
                               spreads != nullptr ? number_in(*spreads, key, 0.0) : 0.0});
        }
    }
    return figures;
}

const char* verdict_of(const std::string& meaning, double ratio, double noise) {
    // Symmetric: 1/1.1 is as far from 1 as 1.1 is.
    if (std::abs(std::log(ratio)) <= std::log1p(noise)) return "";
    const bool more = ratio > 1.0;
    if (meaning == "limit") return more ? "higher" : "lower";
    return more == (meaning == name_of(Meaning::more_is_better)) ? "better" : "worse";
}

void count(Comparison& comparison, const Figure& figure, std::string_view verdict) {
    if (figure.meaning == "limit") return;
    if (verdict.empty())
        ++comparison.within;
    else if (verdict == "better")
        ++comparison.better;
    else
        ++comparison.worse;
}

JsonValue read_results(const std::filesystem::path& path) {
    const auto fail = [&](const std::string& why) {
        throw core::UsageError(
            core::ErrorText{.what = "cannot read results", .where = path.native(), .why = why});
    };
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) fail("it is a directory");
    std::ifstream in(path, std::ios::binary);
    if (!in) fail(core::errno_text(errno));
    std::ostringstream text;
    if (!(text << in.rdbuf()).good()) fail("it is empty, or reading failed");
    return core::read_json(text.str(), path.native());
}

} // namespace

std::vector<JsonValue> results_in(JsonValue document, std::string_view where) {
    std::vector<JsonValue> results;
    if (is_result(document)) {
        results.push_back(std::move(document));
        return results;
    }
    for (auto& [name, value] : document.members)
        if (is_result(value)) results.push_back(std::move(value));
    if (results.empty())
        throw core::UsageError(
            core::ErrorText{.what = "not results of measurements",
                            .where = where,
                            .why = "it is JSON, but not what bench prints",
                            .advice = "make it with: morphogen bench NAME --json > FILE"});
    return results;
}

Comparison compare_results(const JsonValue& first, const JsonValue& second) {
    Comparison comparison{.report =
                              Report(first.at("name").text, second.at("title").text,
                                     {{"what", "what"},
                                      {"figure", "figure"},
                                      {"first", "first", Column::significant, Meaning::detail},
                                      {"second", "second", Column::significant, Meaning::detail},
                                      {"ratio", "second / first", 3, Meaning::detail},
                                      {"noise_percent", "noise %", 1, Meaning::detail},
                                      {"verdict", "beyond noise", 0, Meaning::detail}})};
    const double repeats =
        std::min(number_in(first, "repeats", 1), number_in(second, "repeats", 1));
    const double least_noise = repeats >= enough_repeats ? repeated_noise : single_noise;
    const std::vector<Figure> old_figures = figures_of(first);
    std::size_t paired = 0;
    for (const Figure& figure : figures_of(second)) {
        const auto old =
            std::find_if(old_figures.begin(), old_figures.end(),
                         [&](const Figure& candidate) { return candidate.key == figure.key; });
        if (old == old_figures.end()) continue;
        ++paired;
        const double ratio = figure.value / old->value;
        if (!std::isfinite(ratio) || ratio <= 0.0) continue; // does not apply to one of them, or 0
        const double noise = std::max({old->spread, figure.spread, least_noise});
        const std::string verdict = verdict_of(figure.meaning, ratio, noise);
        count(comparison, figure, verdict);
        comparison.report.add_row(
            {figure.label, figure.title, old->value, figure.value, ratio, 100 * noise, verdict});
    }
    if (paired != old_figures.size())
        comparison.report.add_note(fmt::format("{} of the first's figures have no counterpart",
                                               old_figures.size() - paired));
    return comparison;
}

void compare_files(const std::filesystem::path& first, const std::filesystem::path& second,
                   bool json, std::ostream& out) {
    const std::vector<JsonValue> before = results_in(read_results(first), first.native());
    const std::vector<JsonValue> after = results_in(read_results(second), second.native());
    std::vector<Comparison> comparisons;
    for (const JsonValue& result : after) {
        const std::string& name = result.at("name").text;
        const auto same = std::find_if(before.begin(), before.end(), [&](const JsonValue& other) {
            return other.at("name").text == name;
        });
        if (same != before.end()) comparisons.push_back(compare_results(*same, result));
    }
    if (comparisons.empty())
        throw core::UsageError(core::ErrorText{.what = "nothing to compare",
                                               .where = first.native() + ", " + second.native(),
                                               .why = "they hold different measurements"});
    int better = 0;
    int worse = 0;
    int within = 0;
    core::JsonWriter writer;
    writer.begin_object();
    for (const Comparison& c : comparisons) {
        better += c.better;
        worse += c.worse;
        within += c.within;
        writer.key(c.report.name());
        c.report.write(writer);
        if (!json) c.report.print(out);
    }
    writer.key("summary").begin_object(core::JsonLayout::line);
    writer.member("better", better).member("worse", worse).member("within_noise", within);
    writer.end_object().end_object();
    if (json)
        out << writer.take();
    else
        out << fmt::format("{} better, {} worse, {} within noise\n", better, worse, within);
}

} // namespace morphogen::bench
