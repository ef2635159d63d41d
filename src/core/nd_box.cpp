#include "morphogen/core/nd_box.hpp"

#include "morphogen/core/contract.hpp"

#include <cstring>

namespace morphogen::core {
namespace {

/// Bytes between neighbours along each axis of a dense array.
Dims strides_of(const NdBox& box, std::size_t element) noexcept {
    Dims strides(box.rank(), 0);
    Index stride = static_cast<Index>(element);
    const Dims n = box.shape();
    for (int a = box.rank() - 1; a >= 0; --a) {
        strides[a] = stride;
        stride *= n[a];
    }
    return strides;
}

Index offset_of(const NdBox& inner, const NdBox& outer, const Dims& strides) noexcept {
    Index offset = 0;
    for (int a = 0; a < inner.rank(); ++a)
        offset += (inner.lo[a] - outer.lo[a]) * strides[a];
    return offset;
}

/// Calls @p row(from_offset, to_offset) for every combination of indices along the first @p axes of
/// @p n.
template <typename Row>
void for_each_row(const Dims& n, int axes, const Dims& from, const Dims& to, Row&& row) noexcept {
    Dims index(axes, 0);
    Index f = 0;
    Index t = 0;
    for (;;) {
        row(f, t);
        int a = axes - 1;
        for (; a >= 0; --a) {
            f += from[a];
            t += to[a];
            if (++index[a] < n[a]) break;
            f -= n[a] * from[a];
            t -= n[a] * to[a];
            index[a] = 0;
        }
        if (a < 0) return;
    }
}

} // namespace

void copy_box(const NdBox& box, const std::byte* from, const NdBox& from_box, std::byte* to,
              const NdBox& to_box, std::size_t element) noexcept {
    MORPHOGEN_EXPECT(from_box.contains(box) && to_box.contains(box));
    if (box.empty()) return;
    const Dims n = box.shape();
    const Dims from_strides = strides_of(from_box, element);
    const Dims to_strides = strides_of(to_box, element);
    from += offset_of(box, from_box, from_strides);
    to += offset_of(box, to_box, to_strides);
    // Axes that are whole in both arrays make one long row with the one before.
    int axes = box.rank();
    auto row = static_cast<std::size_t>(element);
    while (axes > 0) {
        --axes;
        row *= static_cast<std::size_t>(n[axes]);
        if (n[axes] != from_box.hi[axes] - from_box.lo[axes] ||
            n[axes] != to_box.hi[axes] - to_box.lo[axes])
            break;
    }
    for_each_row(n, axes, from_strides, to_strides,
                 [&](Index f, Index t) { std::memcpy(to + t, from + f, row); });
}

void fill_box(const NdBox& box, std::span<const std::byte> value, std::byte* to,
              const NdBox& to_box) noexcept {
    MORPHOGEN_EXPECT(to_box.contains(box));
    if (box.empty()) return;
    const Dims n = box.shape();
    const Dims strides = strides_of(to_box, value.size());
    to += offset_of(box, to_box, strides);
    for_each_row(n, box.rank(), strides, strides,
                 [&](Index, Index t) { std::memcpy(to + t, value.data(), value.size()); });
}

ChunkGrid::ChunkGrid(const Dims& shape, const Dims& chunk)
    : shape_(shape), chunk_(chunk), counts_(shape.rank(), 0) {
    MORPHOGEN_EXPECT(shape.rank() == chunk.rank());
    for (int a = 0; a < shape.rank(); ++a) {
        MORPHOGEN_EXPECT(chunk[a] >= 1 && shape[a] >= 0);
        counts_[a] = (shape[a] + chunk[a] - 1) / chunk[a];
    }
}

NdBox ChunkGrid::full_box(Index number) const noexcept {
    NdBox box{Dims(shape_.rank(), 0), Dims(shape_.rank(), 0)};
    for (int a = shape_.rank() - 1; a >= 0; --a) {
        box.lo[a] = number % counts_[a] * chunk_[a];
        box.hi[a] = box.lo[a] + chunk_[a];
        number /= counts_[a];
    }
    return box;
}

NdBox ChunkGrid::box(Index number) const noexcept {
    return intersect(full_box(number), NdBox::whole(shape_));
}

NdBox ChunkGrid::touched(const NdBox& box) const noexcept {
    NdBox chunks{Dims(shape_.rank(), 0), Dims(shape_.rank(), 0)};
    for (int a = 0; a < shape_.rank(); ++a) {
        chunks.lo[a] = box.lo[a] / chunk_[a];
        chunks.hi[a] = box.hi[a] <= box.lo[a] ? chunks.lo[a] : (box.hi[a] - 1) / chunk_[a] + 1;
    }
    return chunks;
}

Index ChunkGrid::number_in(const NdBox& chunks, Index n) const noexcept {
    Index number = 0;
    Index stride = 1;
    for (int a = shape_.rank() - 1; a >= 0; --a) {
        const Index extent = chunks.hi[a] - chunks.lo[a];
        number += (chunks.lo[a] + n % extent) * stride;
        n /= extent;
        stride *= counts_[a];
    }
    return number;
}

} // namespace morphogen::core
