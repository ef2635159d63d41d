#pragma once

#include "morphogen/core/json.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace morphogen::bench {

/// What a column's cells are to someone who compares two results.
enum class Meaning {
    automatic, // texts and integers are labels, other numbers results of which more is better
    label,     // with the row's other labels it tells which case this is
    more_is_better,
    less_is_better,
    detail, // neither: follows from others, or from the machine
};

/// A table's column: `key` names it in JSON, `title` (with the unit) on the screen.
struct Column {
    static constexpr int significant = -1; // as `decimals`: three digits of whatever size

    std::string key;
    std::string title;
    int decimals = 1; // of numbers
    Meaning meaning = Meaning::automatic;
};

using Cell = std::variant<std::string, double, std::int64_t>; // NaN: does not apply

/// What a measurement found: one table, the limits it is compared with, remarks.
class Report {
public:
    Report(std::string name, std::string title, std::vector<Column> columns)
        : name_(std::move(name)), title_(std::move(title)), columns_(std::move(columns)) {}

    /// One report of several of the same measurement: the medians, and how far the numbers of each
    /// cell lie apart. At least one, all with the same rows.
    static Report combine(const std::vector<Report>& repeats);

    void add_row(std::vector<Cell> cells);
    /// A limit of the machine, or another single number.
    void add_fact(std::string key, std::string title, double value, std::string unit);
    void add_note(std::string note) { notes_.push_back(std::move(note)); }

    const std::string& name() const noexcept { return name_; }
    void print(std::ostream& out) const;
    void write(core::JsonWriter& json) const; // an object
    void write_members(core::JsonWriter& json) const;

private:
    struct Fact {
        std::string key;
        std::string title;
        double value;
        std::string unit;
        double spread = 0.0;
    };
    Meaning meaning(std::size_t column) const;
    void write_columns(core::JsonWriter& json) const;
    void write_row(core::JsonWriter& json, std::size_t row) const;

    std::string name_;
    std::string title_;
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
    // Of several repeats: (largest - smallest) / median of each row's cells; empty for one.
    std::vector<std::vector<double>> spreads_;
    std::size_t repeats_ = 1;
    std::vector<Fact> facts_;
    std::vector<std::string> notes_;
};

/// "more_is_better" and so on, as in JSON.
std::string_view name_of(Meaning meaning) noexcept;

} // namespace morphogen::bench
