#include "rework/compare_elements.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

namespace morphogen::rework {
namespace {

using core::Index;
using store::ElementType;
using Kind = ElementType::Kind;

/// Wide enough for every 64-bit integer where it has 64 bits of mantissa (x86, and aarch64's 113).
using Wide = long double;

template <typename T>
Wide read_as(const std::byte* from, bool big_endian) noexcept {
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), from, sizeof(T));
    if (big_endian) std::reverse(bytes.begin(), bytes.end());
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return static_cast<Wide>(value);
}

using Read = Wide (*)(const std::byte*, bool) noexcept;

Read reader_of(const ElementType& type) noexcept {
    const bool is_signed = type.kind == Kind::signed_integer;
    if (type.kind == Kind::floating) return type.size == 4 ? read_as<float> : read_as<double>;
    switch (type.size) {
    case 1:
        return is_signed ? read_as<std::int8_t> : read_as<std::uint8_t>;
    case 2:
        return is_signed ? read_as<std::int16_t> : read_as<std::uint16_t>;
    case 4:
        return is_signed ? read_as<std::int32_t> : read_as<std::uint32_t>;
    default:
        return is_signed ? read_as<std::int64_t> : read_as<std::uint64_t>;
    }
}

void note(Comparison& found, Index n, double distance, double a, double b) noexcept {
    ++found.different;
    if (found.first < 0) {
        found.first = n;
        found.first_a = a;
        found.first_b = b;
    }
    if (distance > found.distance) {
        found.largest = n;
        found.distance = distance;
        found.largest_a = a;
        found.largest_b = b;
    }
}

void compare_one(Comparison& found, Index n, Wide a, Wide b, double tolerance) noexcept {
    if (a == b || (std::isnan(a) && std::isnan(b))) return;
    const bool one_nan = std::isnan(a) || std::isnan(b);
    const auto distance =
        one_nan ? std::numeric_limits<double>::infinity() : static_cast<double>(std::fabs(a - b));
    if (distance > tolerance)
        note(found, n, distance, static_cast<double>(a), static_cast<double>(b));
}

Comparison compare_bytes(const std::byte* a, const std::byte* b, std::size_t size, Index n) {
    Comparison found;
    for (Index i = 0; i < n; ++i) {
        const std::size_t at = static_cast<std::size_t>(i) * size;
        if (std::memcmp(a + at, b + at, size) == 0) continue;
        const std::size_t byte =
            static_cast<std::size_t>(std::mismatch(a + at, a + at + size, b + at).first - (a + at));
        note(found, i, 0.0, std::to_integer<int>(a[at + byte]), std::to_integer<int>(b[at + byte]));
    }
    return found;
}

} // namespace

void Comparison::append(const Comparison& next, Index offset) noexcept {
    if (first < 0 && next.first >= 0) {
        first = next.first + offset;
        first_a = next.first_a;
        first_b = next.first_b;
    }
    if (next.distance > distance) {
        largest = next.largest + offset;
        distance = next.distance;
        largest_a = next.largest_a;
        largest_b = next.largest_b;
    }
    different += next.different;
}

bool comparable(const ElementType& a, const ElementType& b) noexcept {
    return (a.is_number() && b.is_number()) || (a.kind == b.kind && a.size == b.size);
}

Comparison compare_elements(const std::byte* a, const ElementType& type_a, const std::byte* b,
                            const ElementType& type_b, Index n, double tolerance) {
    if (!type_a.is_number()) return compare_bytes(a, b, type_a.size, n);
    Comparison found;
    const Read read_a = reader_of(type_a);
    const Read read_b = reader_of(type_b);
    // Most are the same: whole lines of the same bytes hold the same values.
    constexpr Index line = 1024;
    for (Index lo = 0; lo < n; lo += line) {
        const Index hi = std::min(lo + line, n);
        const std::byte* const at_a = a + static_cast<std::size_t>(lo) * type_a.size;
        const std::byte* const at_b = b + static_cast<std::size_t>(lo) * type_b.size;
        if (type_a == type_b &&
            std::memcmp(at_a, at_b, static_cast<std::size_t>(hi - lo) * type_a.size) == 0)
            continue;
        for (Index i = lo; i < hi; ++i)
            compare_one(found, i,
                        read_a(a + static_cast<std::size_t>(i) * type_a.size, type_a.big_endian),
                        read_b(b + static_cast<std::size_t>(i) * type_b.size, type_b.big_endian),
                        tolerance);
    }
    return found;
}

} // namespace morphogen::rework
