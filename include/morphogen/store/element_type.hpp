#pragma once

#include <cstddef>

namespace morphogen::store {

/// What the elements of a dataset are in the file.
struct ElementType {
    /// IEEE 754 of 2, 4 or 8 bytes; bfloat16, the upper half of one of 4; two's complement of 1, 2,
    /// 4 or 8; anything else of fixed size, which can only be moved as it is.
    enum class Kind { floating, brain_floating, signed_integer, unsigned_integer, other };
    Kind kind = Kind::floating;
    std::size_t size = 4; // bytes
    bool big_endian = false;

    bool is_number() const noexcept { return kind != Kind::other; }

    friend bool operator==(const ElementType&, const ElementType&) = default;
};

} // namespace morphogen::store
