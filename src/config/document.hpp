#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A TOML document as a plain tree with positions: the only view of TOML that the rest of the
/// module has.
namespace morphogen::config {

/// Where something was written. Orders as the errors are printed: the file first, then each --set.
struct Position {
    std::uint32_t source = 0; // 0: the file; n: the n-th override
    std::uint32_t line = 0;   // from 1; 0: nowhere in particular
    std::uint32_t column = 0; // from 1, characters

    friend auto operator<=>(const Position&, const Position&) = default;
};

struct Value;
struct Member;
using Array = std::vector<Value>;
using Table = std::vector<Member>; // names are unique

/// A TOML value that no key takes: its kind in words ("a date").
struct Other {
    std::string kind;
};

struct Value {
    std::variant<bool, std::int64_t, double, std::string, Other, Array, Table> data;
    Position at;
    bool is_inline = false; // a table written as {...}
};

struct Member {
    std::string name;
    Position at;
    Value value;
};

const Value* find(const Table& table, std::string_view name) noexcept;

/// What is wrong with text that is not TOML.
struct SyntaxError {
    Position at;
    std::string description;
};

/// Parses a whole TOML document; @p source goes into every position. Never throws for what the text
/// holds.
std::variant<Table, SyntaxError> parse_document(std::string_view text, std::uint32_t source);

} // namespace morphogen::config
