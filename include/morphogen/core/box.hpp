#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace morphogen::core {

/// Sizes, offsets and cell indices: always 64 bits, always signed.
using Index = std::int64_t;

/// Cells along each axis, slowest first: {nz, ny, nx}. A 2-D grid has nz = 1.
using Extents = std::array<Index, 3>;

constexpr Index volume(const Extents& n) noexcept {
    return n[0] * n[1] * n[2];
}

/// A half-open box of cells [lo, hi), axes {z, y, x}.
struct Box {
    Extents lo{};
    Extents hi{};

    constexpr Extents shape() const noexcept {
        return {std::max<Index>(hi[0] - lo[0], 0), std::max<Index>(hi[1] - lo[1], 0),
                std::max<Index>(hi[2] - lo[2], 0)};
    }
    constexpr bool empty() const noexcept { return volume(shape()) == 0; }
    constexpr bool contains(const Extents& cell) const noexcept {
        for (std::size_t a = 0; a < 3; ++a)
            if (cell[a] < lo[a] || cell[a] >= hi[a]) return false;
        return true;
    }
    friend constexpr bool operator==(const Box&, const Box&) = default;
};

constexpr Box intersect(const Box& a, const Box& b) noexcept {
    Box r;
    for (std::size_t i = 0; i < 3; ++i) {
        r.lo[i] = std::max(a.lo[i], b.lo[i]);
        r.hi[i] = std::max(std::min(a.hi[i], b.hi[i]), r.lo[i]);
    }
    return r;
}

/// Splits @p cells into @p parts as evenly as possible, the first ones one cell larger; [begin,
/// end) of part @p part.
constexpr std::array<Index, 2> split_evenly(Index cells, Index parts, Index part) noexcept {
    const Index base = cells / parts;
    const Index extra = cells % parts;
    const Index begin = part * base + std::min(part, extra);
    return {begin, begin + base + (part < extra ? 1 : 0)};
}

} // namespace morphogen::core
