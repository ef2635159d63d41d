#pragma once

#include "morphogen/core/nd_box.hpp"

#include <cstddef>

namespace morphogen::core {
namespace detail {

/// Elements between neighbours along each axis of the dense array of @p box.
constexpr Dims strides_of(const NdBox& box) noexcept {
    Dims strides(box.rank(), 0);
    Index stride = 1;
    const Dims n = box.shape();
    for (int a = box.rank() - 1; a >= 0; --a) {
        strides[a] = stride;
        stride *= n[a];
    }
    return strides;
}

} // namespace detail

/// The number of the element at @p index in the dense array of @p box.
constexpr Index place_in(const NdBox& box, const Dims& index) noexcept {
    Index place = 0;
    for (int a = 0; a < index.rank(); ++a)
        place = place * (box.hi[a] - box.lo[a]) + index[a] - box.lo[a];
    return place;
}

/// Whether the elements of @p box are neighbours in the dense array of @p outer, which contains it.
constexpr bool lies_together(const NdBox& box, const NdBox& outer) noexcept {
    bool apart = false; // if there is more than one along the axes before
    for (int a = box.rank() - 1; a >= 0; --a) {
        const Index n = box.hi[a] - box.lo[a];
        if (apart && n != 1) return false;
        apart |= n != outer.hi[a] - outer.lo[a];
    }
    return true;
}

/// Calls @p row(from, to, count) for each run of @p count elements of @p box that lie together in
/// the dense arrays of both @p from_box and @p to_box, which contain it, in order: @p from and @p
/// to are the numbers of its first element there. Axes that are whole in both make one run with the
/// one before.
template <typename Row>
void for_each_row(const NdBox& box, const NdBox& from_box, const NdBox& to_box, Row&& row) {
    if (box.empty()) return;
    const Dims n = box.shape();
    const Dims from_strides = detail::strides_of(from_box);
    const Dims to_strides = detail::strides_of(to_box);
    Index from = place_in(from_box, box.lo);
    Index to = place_in(to_box, box.lo);
    int axes = box.rank();
    Index count = 1;
    while (axes > 0) {
        --axes;
        count *= n[axes];
        if (n[axes] != from_box.hi[axes] - from_box.lo[axes] ||
            n[axes] != to_box.hi[axes] - to_box.lo[axes])
            break;
    }
    Dims index(axes, 0);
    for (;;) {
        row(from, to, count);
        int a = axes - 1;
        for (; a >= 0; --a) {
            from += from_strides[a];
            to += to_strides[a];
            if (++index[a] < n[a]) break;
            from -= n[a] * from_strides[a];
            to -= n[a] * to_strides[a];
            index[a] = 0;
        }
        if (a < 0) return;
    }
}

} // namespace morphogen::core
