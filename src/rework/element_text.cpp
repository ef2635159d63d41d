#include "rework/element_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace morphogen::rework {
namespace {

template <typename T, bool swapped>
void append(const std::byte* element, std::string& text) {
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), element, sizeof(T));
    if constexpr (swapped) std::reverse(bytes.begin(), bytes.end());
    std::array<char, 32> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), std::bit_cast<T>(bytes)).ptr;
    text.append(digits.data(), end);
}

template <typename T>
AppendText in_order(const store::ElementType& type) noexcept {
    const bool swapped = type.big_endian == (std::endian::native == std::endian::little);
    return swapped && type.size > 1 ? append<T, true> : append<T, false>;
}

template <typename One, typename Two, typename Four, typename Eight>
AppendText of_size(const store::ElementType& type) noexcept {
    switch (type.size) {
    case 1:
        return in_order<One>(type);
    case 2:
        return in_order<Two>(type);
    case 4:
        return in_order<Four>(type);
    case 8:
        return in_order<Eight>(type);
    default:
        return nullptr;
    }
}

} // namespace

AppendText append_text(const store::ElementType& type) noexcept {
    using Kind = store::ElementType::Kind;
    switch (type.kind) {
    case Kind::floating:
        return type.size == 4 ? in_order<float>(type) : in_order<double>(type);
    case Kind::signed_integer:
        return of_size<std::int8_t, std::int16_t, std::int32_t, std::int64_t>(type);
    case Kind::unsigned_integer:
        return of_size<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>(type);
    case Kind::other:
        break;
    }
    return nullptr;
}

} // namespace morphogen::rework
