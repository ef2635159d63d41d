#include "kernel/tile_queue.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>

namespace morphogen::kernel {

using core::Box;
using core::Index;

void TileShare::open(const Box& tile, std::size_t axis) {
    const std::lock_guard lock(mutex_);
    tile_ = tile;
    axis_ = axis;
    claimed_ = tile.lo[axis];
    end_ = tile.hi[axis];
}

Index TileShare::claim(Index upto) {
    const std::lock_guard lock(mutex_);
    claimed_ = std::clamp(upto, claimed_, end_);
    return end_;
}

Index TileShare::left() const {
    const std::lock_guard lock(mutex_);
    return end_ - claimed_;
}

std::optional<Box> TileShare::take_over(Index overlap, Index least) {
    MORPHOGEN_EXPECT(overlap < least);
    const std::lock_guard lock(mutex_);
    const Index left = end_ - claimed_;
    if (left < least) return std::nullopt;
    Box part = tile_;
    part.lo[axis_] = claimed_ + (left + overlap) / 2;
    part.hi[axis_] = end_;
    end_ = part.lo[axis_];
    return part;
}

Box TileQueue::opened(std::size_t thread, const Box& tile) {
    shares_[thread].open(tile, axis_);
    return tile;
}

std::optional<Box> TileQueue::take_over() {
    for (;;) {
        TileShare* fullest = nullptr;
        Index most = least_ - 1;
        for (TileShare& share : shares_) {
            const Index left = share.left();
            if (left <= most) continue;
            fullest = &share;
            most = left;
        }
        if (fullest == nullptr) return std::nullopt;
        // Nothing: the owner or another thread was faster; there may be others.
        if (auto part = fullest->take_over(overlap_, least_)) return part;
    }
}

} // namespace morphogen::kernel
