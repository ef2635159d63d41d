#include "morphogen/core/nd_box.hpp"

#include "morphogen/core/box_rows.hpp"
#include "morphogen/core/contract.hpp"

#include <cstring>

namespace morphogen::core {
namespace {

/// Rows are often so short that a call would cost as much as the copying: two halves that may
/// overlap.
inline void copy_row(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
    constexpr std::size_t half = 32;
    if (bytes < half || bytes > 2 * half) {
        std::memcpy(to, from, bytes);
        return;
    }
    std::memcpy(to, from, half);
    std::memcpy(to + bytes - half, from + bytes - half, half);
}

} // namespace

void copy_box(const NdBox& box, const std::byte* from, const NdBox& from_box, std::byte* to,
              const NdBox& to_box, std::size_t element) noexcept {
    MORPHOGEN_EXPECT(from_box.contains(box) && to_box.contains(box));
    for_each_row(box, from_box, to_box, [&](Index f, Index t, Index count) {
        copy_row(to + static_cast<std::size_t>(t) * element,
                 from + static_cast<std::size_t>(f) * element,
                 static_cast<std::size_t>(count) * element);
    });
}

void fill_box(const NdBox& box, std::span<const std::byte> value, std::byte* to,
              const NdBox& to_box) noexcept {
    MORPHOGEN_EXPECT(to_box.contains(box));
    const std::size_t element = value.size();
    for_each_row(box, to_box, to_box, [&](Index, Index t, Index count) {
        std::byte* const row = to + static_cast<std::size_t>(t) * element;
        const std::size_t bytes = static_cast<std::size_t>(count) * element;
        std::memcpy(row, value.data(), element);
        for (std::size_t done = element; done < bytes; done *= 2)
            std::memcpy(row + done, row, std::min(done, bytes - done));
    });
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
