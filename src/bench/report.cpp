#include "bench/report.hpp"

#include "morphogen/core/contract.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ostream>

namespace morphogen::bench {
namespace {

bool is_text(const Cell& cell) {
    return std::holds_alternative<std::string>(cell);
}

std::string shown(const Cell& cell, int decimals) {
    if (is_text(cell)) return std::get<std::string>(cell);
    if (const auto* n = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *n);
    const double x = std::get<double>(cell);
    return std::isfinite(x) ? fmt::format("{:.{}f}", x, decimals) : "-";
}

/// Three significant digits, whatever the size.
std::string three_digits(double x) {
    if (!std::isfinite(x)) return "-";
    const double size = std::abs(x);
    return fmt::format("{:.{}f}", x, size < 10 ? 2 : size < 100 ? 1 : 0);
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

void Report::write(core::JsonWriter& json) const {
    json.begin_object().member("name", name_).member("title", title_);
    json.key("facts").begin_object();
    for (const Fact& fact : facts_)
        json.key(fact.key)
            .begin_object(core::JsonLayout::line)
            .member("value", fact.value)
            .member("unit", fact.unit)
            .end_object();
    json.end_object();
    json.key("rows").begin_array();
    for (const auto& row : rows_) {
        json.begin_object(core::JsonLayout::line);
        for (std::size_t c = 0; c < columns_.size(); ++c)
            std::visit([&](const auto& value) { json.member(columns_[c].key, value); }, row[c]);
        json.end_object();
    }
    json.end_array();
    json.key("notes").begin_array();
    for (const std::string& note : notes_)
        json.value(note);
    json.end_array().end_object();
}

} // namespace morphogen::bench
