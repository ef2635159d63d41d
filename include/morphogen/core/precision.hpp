#pragma once

#include <cstddef>
#include <string_view>

namespace morphogen::core {

/// The scalar type of fields and frames.
enum class Precision { f32, f64 };

constexpr std::size_t bytes_of(Precision p) noexcept {
    return p == Precision::f32 ? 4 : 8;
}
constexpr std::string_view name_of(Precision p) noexcept {
    return p == Precision::f32 ? "f32" : "f64";
}

/// The two fields of Gray-Scott, in the order of every array over fields.
enum class Field { u = 0, v = 1 };

constexpr std::string_view name_of(Field f) noexcept {
    return f == Field::u ? "u" : "v";
}

} // namespace morphogen::core
