#pragma once

#include "morphogen/core/contract.hpp"
#include "morphogen/store/element_type.hpp"
#include "morphogen/store/number_type.hpp"

#include "rework/half.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

/// From what a file says its elements are to the C++ type of their values.
namespace morphogen::rework {

/// Floats of 2 bytes, for which C++ has no type.
inline bool is_half(const store::ElementType& type) noexcept {
    using Kind = store::ElementType::Kind;
    return type.size == 2 && (type.kind == Kind::floating || type.kind == Kind::brain_floating);
}

/// @param type a number, not is_half()
inline store::NumberType number_type_of(const store::ElementType& type) noexcept {
    using store::NumberType;
    MORPHOGEN_EXPECT(type.is_number() && !is_half(type));
    const auto by_size = [&](NumberType one, NumberType two, NumberType four, NumberType eight) {
        return type.size == 1 ? one : type.size == 2 ? two : type.size == 4 ? four : eight;
    };
    switch (type.kind) {
    case store::ElementType::Kind::signed_integer:
        return by_size(NumberType::i8, NumberType::i16, NumberType::i32, NumberType::i64);
    case store::ElementType::Kind::unsigned_integer:
        return by_size(NumberType::u8, NumberType::u16, NumberType::u32, NumberType::u64);
    default:
        return type.size == 4 ? NumberType::f32 : NumberType::f64;
    }
}

/// Whether the bytes of its elements are in the other order than this machine's.
inline bool is_swapped(const store::ElementType& type) noexcept {
    return type.size > 1 && type.big_endian == (std::endian::native == std::endian::little);
}

/// Calls @p f with a value of the C++ type of the elements (Half and BrainHalf for those of 2
/// bytes), and std::true_type if they are swapped, else std::false_type. @param type a number
template <typename F>
decltype(auto) with_number_type(const store::ElementType& type, F&& f) {
    const auto call = [&](auto zero) {
        return is_swapped(type) ? f(zero, std::true_type{}) : f(zero, std::false_type{});
    };
    if (is_half(type))
        return type.kind == store::ElementType::Kind::floating ? call(Half{}) : call(BrainHalf{});
    return store::with_number(number_type_of(type), call);
}

/// One element as it lies in the file; need not be aligned.
template <typename T, bool swapped>
T load_number(const std::byte* from) noexcept {
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), from, sizeof(T));
    if constexpr (swapped) std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
}

} // namespace morphogen::rework
