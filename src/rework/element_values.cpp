#include "rework/element_values.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace morphogen::rework {
namespace {

template <typename T, bool swapped>
void convert(const std::byte* from, std::span<double> to) {
    for (double& value : to) {
        std::array<std::byte, sizeof(T)> bytes;
        std::memcpy(bytes.data(), from, sizeof(T));
        if constexpr (swapped) std::reverse(bytes.begin(), bytes.end());
        value = static_cast<double>(std::bit_cast<T>(bytes));
        from += sizeof(T);
    }
}

template <typename T>
ToDoubles in_order(const store::ElementType& type) noexcept {
    const bool swapped = type.big_endian == (std::endian::native == std::endian::little);
    return swapped ? convert<T, true> : convert<T, false>;
}

template <typename One, typename Two, typename Four, typename Eight>
ToDoubles of_size(const store::ElementType& type) noexcept {
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

ToDoubles to_doubles(const store::ElementType& type) noexcept {
    using Kind = store::ElementType::Kind;
    switch (type.kind) {
    case Kind::floating:
        if (type.size == 4) return in_order<float>(type);
        return type.size == 8 ? in_order<double>(type) : nullptr;
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
