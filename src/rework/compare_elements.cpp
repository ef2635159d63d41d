#include "rework/compare_elements.hpp"

#include "rework/with_number_type.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>

namespace morphogen::rework {
namespace {

using core::Index;
using store::ElementType;

/// Elements looked at together: few enough that looking again for which one it was costs nothing.
constexpr Index line_length = 1024;

/// |a - b|, exact for integers; infinite if only one is NaN; 0 for equal infinities.
inline double distance_of(double a, double b) noexcept {
    const bool nan_a = a != a;
    const bool nan_b = b != b;
    const double far = nan_a && nan_b ? 0.0 : std::numeric_limits<double>::infinity();
    const double apart = a == b ? 0.0 : std::fabs(a - b);
    return nan_a || nan_b ? far : apart;
}
template <std::integral T>
std::uint64_t distance_of(T a, T b) noexcept {
    const auto wide_a = static_cast<std::uint64_t>(a); // modulo 2^64, and so is their difference
    const auto wide_b = static_cast<std::uint64_t>(b);
    return a > b ? wide_a - wide_b : wide_b - wide_a;
}

/// The tolerance among distances of type D.
template <typename D>
D limit_of(double tolerance) noexcept {
    if constexpr (std::same_as<D, double>)
        return tolerance;
    else // 2^64
        return tolerance >= 18446744073709551616.0 ? std::numeric_limits<D>::max()
                                                   : static_cast<D>(tolerance);
}

template <typename D>
struct LineFound {
    std::uint64_t different = 0;
    D most = {};
};

/// Sums and maxima of several lanes, so that the compiler needs no licence to reorder them.
template <typename D, typename Distance>
LineFound<D> look_at_line(Index n, D limit, const Distance& distance) {
    constexpr Index lanes = 8;
    std::array<std::uint64_t, lanes> different{};
    std::array<D, lanes> most{};
    const auto add = [&](Index lane, D d) {
        const auto l = static_cast<std::size_t>(lane);
        different[l] += d > limit ? 1 : 0;
        most[l] = d > most[l] ? d : most[l];
    };
    Index i = 0;
    for (; i + lanes <= n; i += lanes)
        for (Index lane = 0; lane < lanes; ++lane)
            add(lane, distance(i + lane));
    for (; i < n; ++i)
        add(0, distance(i));
    LineFound<D> found;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        found.different += different[lane];
        found.most = std::max(found.most, most[lane]);
    }
    return found;
}

/// @p distance(i): between elements @p i; @p same(lo, hi): whether those can be seen to be equal
/// at a glance.
template <typename D, typename Same, typename Distance>
Comparison compare_by(Index n, D limit, const Same& same, const Distance& distance) {
    Comparison found;
    for (Index lo = 0; lo < n; lo += line_length) {
        const Index length = std::min(line_length, n - lo);
        if (same(lo, lo + length)) continue;
        const auto at = [&](Index i) { return distance(lo + i); };
        const LineFound<D> line = look_at_line<D>(length, limit, at);
        if (line.different == 0) continue;
        found.different += line.different;
        const auto first_that = [&](auto&& holds) {
            Index i = 0;
            while (!holds(at(i)))
                ++i;
            return lo + i;
        };
        if (found.first < 0) found.first = first_that([&](D d) { return d > limit; });
        if (static_cast<double>(line.most) > found.distance) {
            found.distance = static_cast<double>(line.most);
            found.largest = first_that([&](D d) { return d == line.most; });
        }
    }
    return found;
}

Comparison compare_same_type(const std::byte* a, const std::byte* b, const ElementType& type,
                             Index n, double tolerance) {
    const auto same = [&](Index lo, Index hi) {
        return std::memcmp(a + static_cast<std::size_t>(lo) * type.size,
                           b + static_cast<std::size_t>(lo) * type.size,
                           static_cast<std::size_t>(hi - lo) * type.size) == 0;
    };
    return with_number_type(type, [&](auto zero, auto swapped) {
        using T = decltype(zero);
        const auto distance = [=](Index i) {
            const std::size_t at = static_cast<std::size_t>(i) * sizeof(T);
            return distance_of(load_number<T, swapped>(a + at), load_number<T, swapped>(b + at));
        };
        using D = decltype(distance(0));
        return compare_by<D>(n, limit_of<D>(tolerance), same, distance);
    });
}

/// Wide enough for every 64-bit integer where it has 64 bits of mantissa (x86, and aarch64's 113).
using Wide = long double;

using ReadWide = Wide (*)(const std::byte*) noexcept;

template <typename T, bool swapped>
Wide read_wide(const std::byte* from) noexcept {
    return static_cast<Wide>(load_number<T, swapped>(from));
}

ReadWide reader_of(const ElementType& type) {
    return with_number_type(type, [](auto zero, auto swapped) -> ReadWide {
        return read_wide<decltype(zero), swapped>;
    });
}

Comparison compare_mixed(const std::byte* a, const ElementType& type_a, const std::byte* b,
                         const ElementType& type_b, Index n, double tolerance) {
    const ReadWide read_a = reader_of(type_a);
    const ReadWide read_b = reader_of(type_b);
    const auto distance = [&](Index i) {
        const Wide x = read_a(a + static_cast<std::size_t>(i) * type_a.size);
        const Wide y = read_b(b + static_cast<std::size_t>(i) * type_b.size);
        if (x == y || (std::isnan(x) && std::isnan(y))) return 0.0;
        if (std::isnan(x) || std::isnan(y)) return std::numeric_limits<double>::infinity();
        return static_cast<double>(std::fabs(x - y));
    };
    return compare_by<double>(
        n, tolerance, [](Index, Index) { return false; }, distance);
}

Comparison compare_bytes(const std::byte* a, const std::byte* b, std::size_t size, Index n) {
    Comparison found;
    for (Index i = 0; i < n; ++i) {
        const std::size_t at = static_cast<std::size_t>(i) * size;
        if (std::memcmp(a + at, b + at, size) == 0) continue;
        ++found.different;
        if (found.first < 0) found.first = i;
    }
    return found;
}

} // namespace

void Comparison::append(const Comparison& next, Index offset) noexcept {
    if (first < 0 && next.first >= 0) first = next.first + offset;
    if (next.distance > distance) {
        largest = next.largest + offset;
        distance = next.distance;
    }
    different += next.different;
}

Comparison compare_elements(const std::byte* a, const ElementType& type_a, const std::byte* b,
                            const ElementType& type_b, Index n, double tolerance) {
    if (!type_a.is_number()) return compare_bytes(a, b, type_a.size, n);
    if (type_a == type_b) return compare_same_type(a, b, type_a, n, tolerance);
    return compare_mixed(a, type_a, b, type_b, n, tolerance);
}

} // namespace morphogen::rework
