#pragma once

#include "morphogen/core/json.hpp"

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

namespace morphogen::bench {

/// A table's column: `key` names it in JSON, `title` (with the unit) on the screen.
struct Column {
    std::string key;
    std::string title;
    int decimals = 1; // of numbers
};

using Cell = std::variant<std::string, double, std::int64_t>; // NaN: does not apply

/// What a measurement found: one table, the limits it is compared with, remarks.
class Report {
public:
    Report(std::string name, std::string title, std::vector<Column> columns)
        : name_(std::move(name)), title_(std::move(title)), columns_(std::move(columns)) {}

    void add_row(std::vector<Cell> cells);
    /// A limit of the machine, or another single number.
    void add_fact(std::string key, std::string title, double value, std::string unit);
    void add_note(std::string note) { notes_.push_back(std::move(note)); }

    const std::string& name() const noexcept { return name_; }
    void print(std::ostream& out) const;
    void write(core::JsonWriter& json) const;

private:
    struct Fact {
        std::string key;
        std::string title;
        double value;
        std::string unit;
    };
    std::string name_;
    std::string title_;
    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
    std::vector<Fact> facts_;
    std::vector<std::string> notes_;
};

} // namespace morphogen::bench
