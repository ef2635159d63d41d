#include "bench/report.hpp"

#include "morphogen/core/contract.hpp"

#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ostream>
#include <tuple>
#include <utility>

namespace morphogen::bench {
namespace {

bool is_text(const Cell& cell) {
    return std::holds_alternative<std::string>(cell);
}

/// Three significant digits, whatever the size.
std::string three_digits(double x) {
    if (!std::isfinite(x)) return "-";
    const double size = std::abs(x);
    if (size == 0.0 || size >= 1.0)
        return fmt::format("{:.{}f}", x, size < 10 ? 2 : size < 100 ? 1 : 0);
    if (size < 1e-6) return fmt::format("{:.2e}", x);
    return fmt::format("{:.{}f}", x, 2 - static_cast<int>(std::floor(std::log10(size))));
}

std::string shown(const Cell& cell, int decimals) {
    if (is_text(cell)) return std::get<std::string>(cell);
    if (const auto* n = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *n);
    const double x = std::get<double>(cell);
    if (decimals == Column::significant) return three_digits(x);
    return std::isfinite(x) ? fmt::format("{:.{}f}", x, decimals) : "-";
}

} // namespace

void Report::add_row(std::vector<Cell> cells) {
    MORPHOGEN_EXPECT(cells.size() == columns_.size());
    rows_.push_back(std::move(cells));
}

void Report::add_fact(std::string key, std::string title, double value, std::string unit) {
    facts_.push_back({std::move(key), std::move(title), value, std::move(unit)});
}

void Report::print(std::ostream& out) const {
    out << fmt::format("{}: {}\n", name_, title_);
    std::size_t longest = 0;
    for (const Fact& fact : facts_)
        longest = std::max(longest, fact.title.size());
    for (const Fact& fact : facts_)
        out << fmt::format("  {:<{}}  {:>8} {}\n", fact.title, longest, three_digits(fact.value),
                           fact.unit);
    if (!facts_.empty() && !rows_.empty()) out << '\n';

    std::vector<std::size_t> widths;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        std::size_t width = columns_[c].title.size();
        for (const auto& row : rows_)
            width = std::max(width, shown(row[c], columns_[c].decimals).size());
        widths.push_back(width);
    }
    const auto line = [&](auto&& text_of) {
        std::string text = " ";
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const bool left = !rows_.empty() && is_text(rows_.front()[c]);
            text += left ? fmt::format(" {:<{}}", text_of(c), widths[c] + 1)
                         : fmt::format(" {:>{}} ", text_of(c), widths[c]);
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out << text << '\n';
    };
    if (!rows_.empty()) line([&](std::size_t c) { return columns_[c].title; });
    for (const auto& row : rows_)
        line([&](std::size_t c) { return shown(row[c], columns_[c].decimals); });
    for (const std::string& note : notes_)
        out << "  " << note << '\n';
    out << '\n';
}

Meaning Report::meaning(std::size_t column) const {
    const Meaning given = columns_[column].meaning;
    if (given != Meaning::automatic) return given;
    const bool number = rows_.empty() || std::holds_alternative<double>(rows_.front()[column]);
    return number ? Meaning::more_is_better : Meaning::label;
}

void Report::write_columns(core::JsonWriter& json) const {
    json.key("columns").begin_array();
    for (std::size_t c = 0; c < columns_.size(); ++c)
        json.begin_object(core::JsonLayout::line)
            .member("key", columns_[c].key)
            .member("title", columns_[c].title)
            .member("meaning", name_of(meaning(c)))
            .end_object();
    json.end_array();
}

void Report::write_row(core::JsonWriter& json, std::size_t row) const {
    json.begin_object(core::JsonLayout::line);
    for (std::size_t c = 0; c < columns_.size(); ++c)
        std::visit([&](const auto& value) { json.member(columns_[c].key, value); }, rows_[row][c]);
    if (!spreads_.empty()) {
        json.key("spread").begin_object(core::JsonLayout::line);
        for (std::size_t c = 0; c < columns_.size(); ++c)
            if (std::holds_alternative<double>(rows_[row][c]))
                json.member(columns_[c].key, spreads_[row][c]);
        json.end_object();
    }
    json.end_object();
}

void Report::write(core::JsonWriter& json) const {
    json.begin_object();
    write_members(json);
    json.end_object();
}

void Report::write_members(core::JsonWriter& json) const {
    json.member("name", name_).member("title", title_).member("repeats", repeats_);
    json.key("facts").begin_object();
    for (const Fact& fact : facts_) {
        json.key(fact.key)
            .begin_object(core::JsonLayout::line)
            .member("title", fact.title)
            .member("value", fact.value)
            .member("unit", fact.unit);
        if (repeats_ > 1) json.member("spread", fact.spread);
        json.end_object();
    }
    json.end_object();
    write_columns(json);
    json.key("rows").begin_array();
    for (std::size_t row = 0; row < rows_.size(); ++row)
        write_row(json, row);
    json.end_array();
    json.key("notes").begin_array();
    for (const std::string& note : notes_)
        json.value(note);
    json.end_array();
}

Report Report::combine(const std::vector<Report>& repeats) {
    MORPHOGEN_EXPECT(!repeats.empty());
    Report all = repeats.front();
    if (repeats.size() == 1) return all;
    all.repeats_ = repeats.size();
    const auto combined = [&](auto&& value_in) {
        std::vector<double> values;
        for (const Report& one : repeats)
            values.push_back(value_in(one));
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        const double range = *high - *low;
        const double middle = median(values);
        return std::pair(middle, range / std::abs(middle));
    };
    for (std::size_t f = 0; f < all.facts_.size(); ++f)
        std::tie(all.facts_[f].value, all.facts_[f].spread) =
            combined([f](const Report& one) { return one.facts_[f].value; });
    for (std::size_t r = 0; r < all.rows_.size(); ++r) {
        std::vector<double>& spreads = all.spreads_.emplace_back(all.columns_.size(), 0.0);
        for (std::size_t c = 0; c < all.columns_.size(); ++c)
            if (auto* const number = std::get_if<double>(&all.rows_[r][c]))
                std::tie(*number, spreads[c]) =
                    combined([=](const Report& one) { return std::get<double>(one.rows_[r][c]); });
    }
    return all;
}

std::string_view name_of(Meaning meaning) noexcept {
    switch (meaning) {
    case Meaning::label:
        return "label";
    case Meaning::more_is_better:
        return "more_is_better";
    case Meaning::less_is_better:
        return "less_is_better";
    case Meaning::detail:
    case Meaning::automatic:
        break;
    }
    return "detail";
}

} // namespace morphogen::bench
