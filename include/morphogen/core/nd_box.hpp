#pragma once

#include "morphogen/core/box.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>

namespace morphogen::core {

/// Sizes or indices along up to 8 axes, slowest first. Axes past the rank hold 0.
class Dims {
public:
    static constexpr int max_rank = 8;

    constexpr Dims() = default;
    /// @p rank axes of @p value.
    constexpr Dims(int rank, Index value) : rank_(rank) {
        for (int a = 0; a < rank; ++a)
            n_[static_cast<std::size_t>(a)] = value;
    }
    constexpr Dims(std::initializer_list<Index> values) : rank_(static_cast<int>(values.size())) {
        std::copy(values.begin(), values.end(), n_.begin());
    }
    /// @p values at most max_rank long.
    template <typename T>
    static constexpr Dims from(const T& values) {
        Dims d;
        for (const auto v : values)
            d.n_[static_cast<std::size_t>(d.rank_++)] = static_cast<Index>(v);
        return d;
    }

    constexpr int rank() const noexcept { return rank_; }
    constexpr Index& operator[](int axis) noexcept { return n_[static_cast<std::size_t>(axis)]; }
    constexpr Index operator[](int axis) const noexcept {
        return n_[static_cast<std::size_t>(axis)];
    }
    constexpr const Index* begin() const noexcept { return n_.data(); }
    constexpr const Index* end() const noexcept { return n_.data() + rank_; }

    friend constexpr bool operator==(const Dims&, const Dims&) = default;

private:
    int rank_ = 0;
    std::array<Index, max_rank> n_{};
};

/// The product; 1 for rank 0.
constexpr Index volume(const Dims& n) noexcept {
    Index v = 1;
    for (const Index x : n)
        v *= x;
    return v;
}

/// A half-open box [lo, hi) of array elements, any rank.
struct NdBox {
    Dims lo;
    Dims hi;

    static constexpr NdBox whole(const Dims& shape) noexcept {
        return {Dims(shape.rank(), 0), shape};
    }

    constexpr int rank() const noexcept { return lo.rank(); }
    constexpr Dims shape() const noexcept {
        Dims n(rank(), 0);
        for (int a = 0; a < rank(); ++a)
            n[a] = std::max<Index>(hi[a] - lo[a], 0);
        return n;
    }
    constexpr Index volume() const noexcept { return core::volume(shape()); }
    constexpr bool empty() const noexcept { return volume() == 0; }
    constexpr bool contains(const NdBox& inner) const noexcept {
        for (int a = 0; a < rank(); ++a)
            if (inner.lo[a] < lo[a] || inner.hi[a] > hi[a]) return false;
        return true;
    }
    /// Moved by @p offset.
    constexpr NdBox operator+(const Dims& offset) const noexcept {
        NdBox b = *this;
        for (int a = 0; a < rank(); ++a) {
            b.lo[a] += offset[a];
            b.hi[a] += offset[a];
        }
        return b;
    }
    /// Moved back by @p offset.
    constexpr NdBox operator-(const Dims& offset) const noexcept {
        NdBox b = *this;
        for (int a = 0; a < rank(); ++a) {
            b.lo[a] -= offset[a];
            b.hi[a] -= offset[a];
        }
        return b;
    }
    friend constexpr bool operator==(const NdBox&, const NdBox&) = default;
};

constexpr NdBox intersect(const NdBox& a, const NdBox& b) noexcept {
    NdBox r = a;
    for (int i = 0; i < a.rank(); ++i) {
        r.lo[i] = std::max(a.lo[i], b.lo[i]);
        r.hi[i] = std::max(std::min(a.hi[i], b.hi[i]), r.lo[i]);
    }
    return r;
}

/// The part of array elements that lies in @p box copied from one dense row-major array to another:
/// @p from holds exactly the elements of @p from_box, @p to those of @p to_box; both contain
/// @p box. @p element: bytes.
void copy_box(const NdBox& box, const std::byte* from, const NdBox& from_box, std::byte* to,
              const NdBox& to_box, std::size_t element) noexcept;

/// The same place of every element of @p box in the dense array of @p to_box set to @p value, one
/// element.
void fill_box(const NdBox& box, std::span<const std::byte> value, std::byte* to,
              const NdBox& to_box) noexcept;

/// A regular grid of chunks over an array: HDF5's chunked layout. Chunks at the far edges reach
/// over the array.
class ChunkGrid {
public:
    ChunkGrid() = default;
    /// @param chunk at least 1 along each axis, of the same rank as @p shape.
    ChunkGrid(const Dims& shape, const Dims& chunk);

    const Dims& shape() const noexcept { return shape_; }
    const Dims& chunk() const noexcept { return chunk_; }
    const Dims& counts() const noexcept { return counts_; } // of chunks along each axis
    Index size() const noexcept { return core::volume(counts_); }

    /// The box of chunk @p number (row-major), over the edges where it reaches over them.
    NdBox full_box(Index number) const noexcept;
    /// The same, clipped to the array.
    NdBox box(Index number) const noexcept;

    /// The chunks, by their coordinates in the grid, that @p box (inside the array) touches.
    NdBox touched(const NdBox& box) const noexcept;
    /// Chunk @p n, row-major, of those in @p chunks (a result of touched()), as a number.
    Index number_in(const NdBox& chunks, Index n) const noexcept;

private:
    Dims shape_;
    Dims chunk_;
    Dims counts_;
};

} // namespace morphogen::core
