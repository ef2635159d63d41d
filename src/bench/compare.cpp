#include "bench/compare.hpp"

#include "morphogen/bench/bench.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"

#include "bench/compare_heads.hpp"
#include "bench/report.hpp"
#include "bench/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <ostream>
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
        const JsonValue& cell = row.at(column.at("key").text);
        const std::string text = core::single_line(text_of(cell));
        // A bare number tells nothing without its column's name.
        const std::string named =
            cell.is(Kind::number) ? text + " " + column.at("title").text : text;
        label.shown += (label.shown.empty() ? "" : ", ") + named;
        label.key += column.at("key").text + '=' + text + '\n';
    }
    return label;
}

std::vector<Figure> figures_of(const JsonValue& result) {
    std::vector<Figure> figures;
    for (const auto& [key, fact] : result.at("facts").members) {
        figures.push_back({"fact " + key, core::single_line(fact.at("title").text),
                           core::single_line(fact.at("unit").text), "limit",
                           number_in(fact, "value", none), number_in(fact, "spread", 0.0)});
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
            figures.push_back({label.key + key, label.shown,
                               core::single_line(column.at("title").text), meaning,
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

} // namespace

Comparison compare_results(const JsonValue& first, const JsonValue& second) {
    Comparison comparison{.report =
                              Report(core::single_line(first.at("name").text),
                                     core::single_line(second.at("title").text),
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
    std::size_t others = 0; // of the second's
    std::size_t one_sided = 0;
    for (const Figure& figure : figures_of(second)) {
        const auto old =
            std::find_if(old_figures.begin(), old_figures.end(),
                         [&](const Figure& candidate) { return candidate.key == figure.key; });
        if (old == old_figures.end()) {
            ++others;
            continue;
        }
        ++paired;
        const double ratio = figure.value / old->value;
        if (!std::isfinite(ratio) || ratio <= 0.0) {
            const bool same = old->value == figure.value; // 0 in both
            if (!same && !(std::isnan(old->value) && std::isnan(figure.value))) ++one_sided;
            continue;
        }
        const double noise = std::max({old->spread, figure.spread, least_noise});
        const std::string verdict = verdict_of(figure.meaning, ratio, noise);
        count(comparison, figure, verdict);
        comparison.report.add_row(
            {figure.label, figure.title, old->value, figure.value, ratio, 100 * noise, verdict});
    }
    if (paired != old_figures.size())
        comparison.report.add_note(fmt::format("{} of the first's figures have no counterpart",
                                               old_figures.size() - paired));
    if (others != 0)
        comparison.report.add_note(
            fmt::format("{} of the second's figures have no counterpart", others));
    if (one_sided != 0)
        comparison.report.add_note(
            fmt::format("{} figures are not compared: 0, or absent in one file", one_sided));
    return comparison;
}

std::vector<std::string> compare_files(const std::filesystem::path& first,
                                       const std::filesystem::path& second, bool json,
                                       std::ostream& out) {
    const Results before = read_results(first);
    const Results after = read_results(second);
    const Head old_head{first, before.provenance};
    const Head new_head{second, after.provenance};
    std::vector<Comparison> comparisons;
    for (const JsonValue& result : after.measurements) {
        const std::string& name = result.at("name").text;
        const auto same = std::ranges::find_if(before.measurements, [&](const JsonValue& other) {
            return other.at("name").text == name;
        });
        if (same != before.measurements.end())
            comparisons.push_back(compare_results(*same, result));
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
    write_heads(writer, old_head, new_head);
    if (!json) print_heads(out, old_head, new_head);
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
    return warnings_of(old_head, new_head);
}

} // namespace morphogen::bench
