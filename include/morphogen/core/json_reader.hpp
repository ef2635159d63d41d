#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::core {

struct JsonMember;

/// A JSON value (RFC 8259) as read from a text. Members keep their order.
struct JsonValue {
    enum class Kind { null, boolean, number, string, array, object } kind = Kind::null;
    bool truth = false;
    double number = 0.0;
    std::string text; // escapes decoded, to UTF-8; other bytes as they were
    std::vector<JsonValue> items;
    std::vector<JsonMember> members;

    bool is(Kind k) const noexcept { return kind == k; }
    /// Null if this is no object or has no such member.
    const JsonValue* find(std::string_view key) const noexcept;
    /// @throws core::Error naming the key if there is none.
    const JsonValue& at(std::string_view key) const;
};

struct JsonMember {
    std::string key;
    JsonValue value;
};

/// Reads one whole JSON text: strictly RFC 8259, no member twice, at most 64 levels deep.
/// @throws core::UsageError "not JSON (WHERE:LINE:COLUMN): why"
JsonValue read_json(std::string_view text, std::string_view where);

} // namespace morphogen::core
