#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace morphogen::store {

/// The numbers that datasets hold, in this machine's representation.
enum class NumberType { i8, i16, i32, i64, u8, u16, u32, u64, f32, f64 };

std::size_t bytes_of(NumberType type) noexcept;
bool is_floating(NumberType type) noexcept;

/// "float32", "int16", "uint8".
std::string name_of(NumberType type);

/// A type as files spell it, and whether its bytes are in the other order than this machine's.
struct SpelledType {
    NumberType type = NumberType::f32;
    bool swapped = false;
};

/// "f32", "f32le", "f32be", numpy's "<f4" and ">f4", "float32", and so on for i, u and int, uint;
/// without an order: this machine's.
/// @throws core::UsageError naming the text.
SpelledType parse_number_type(std::string_view text);

/// Reverses the bytes of each element of @p values, a whole number of elements.
void swap_bytes(std::span<std::byte> values, std::size_t element) noexcept;

/// Calls @p f with a value of the C++ type that @p type names.
template <typename F>
decltype(auto) with_number(NumberType type, F&& f) {
    switch (type) {
    case NumberType::i8:
        return f(std::int8_t{});
    case NumberType::i16:
        return f(std::int16_t{});
    case NumberType::i32:
        return f(std::int32_t{});
    case NumberType::i64:
        return f(std::int64_t{});
    case NumberType::u8:
        return f(std::uint8_t{});
    case NumberType::u16:
        return f(std::uint16_t{});
    case NumberType::u32:
        return f(std::uint32_t{});
    case NumberType::u64:
        return f(std::uint64_t{});
    case NumberType::f64:
        return f(0.0);
    case NumberType::f32:
        break;
    }
    return f(0.0F);
}

} // namespace morphogen::store
