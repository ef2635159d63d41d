#pragma once

#include "morphogen/core/box.hpp"

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>

namespace morphogen::kernel {

/// The tile that one thread, its owner, is in, and how far it is along the axis that it streams
/// along. Others may take over cells that the owner has not claimed yet.
///
/// Invariant, under the mutex: the owner writes [tile.lo, claimed_), nobody else; what of
/// [claimed_, end_) it will write is not settled.
class alignas(128) TileShare {
public:
    /// Owner, with the whole of @p tile before it.
    void open(const core::Box& tile, std::size_t axis);

    /// Owner: it writes the cells before @p upto now. @returns where its part of the tile ends;
    /// less later, but never less than what was claimed.
    core::Index claim(core::Index upto);

    /// Cells along the axis that are not claimed.
    core::Index left() const;

    /// Any thread: the end of what is not claimed, which from now on is no longer the owner's; so
    /// much of it that both end together if the new part costs @p overlap slabs more. Nothing if
    /// fewer than @p least, which is more than @p overlap, are left.
    std::optional<core::Box> take_over(core::Index overlap, core::Index least);

private:
    mutable std::mutex mutex_; // for some instructions per group of slabs
    core::Box tile_{};
    std::size_t axis_ = 0;
    core::Index claimed_ = 0;
    core::Index end_ = 0;
};

/// The tiles of a sweep, for the threads of a team: each goes to whoever is free. Once all are
/// begun, a free thread takes over part of the tile with most left: a thread that lost its core to
/// other work holds up the team's barrier by some slabs, not by a tile.
class TileQueue {
public:
    /// @param shares one per thread, with nothing left in them.
    TileQueue(std::span<const core::Box> tiles, std::span<TileShare> shares, std::size_t axis,
              core::Index steps, core::Index group)
        : tiles_(tiles), shares_(shares), axis_(axis), overlap_(steps),
          least_(2 * (steps + group)) {}

    /// What @p thread computes next, opened in its share; nothing if nothing is left.
    /// @param chosen whether a tile is part of this sweep.
    template <typename Chosen>
    std::optional<core::Box> next(std::size_t thread, Chosen&& chosen) {
        // relaxed: the counter publishes nothing; tiles are independent, and the team's barriers
        // order the fields.
        for (std::size_t i = begun_.fetch_add(1, std::memory_order_relaxed); i < tiles_.size();
             i = begun_.fetch_add(1, std::memory_order_relaxed))
            if (chosen(tiles_[i])) return opened(thread, tiles_[i]);
        const std::optional<core::Box> part = take_over();
        if (part) return opened(thread, *part);
        return std::nullopt;
    }

private:
    core::Box opened(std::size_t thread, const core::Box& tile);
    std::optional<core::Box> take_over();

    std::span<const core::Box> tiles_;
    std::span<TileShare> shares_;
    std::size_t axis_;
    core::Index overlap_; // slabs, about, that a cut makes be computed twice
    core::Index least_;   // slabs that are worth a cut
    std::atomic<std::size_t> begun_{0};
};

} // namespace morphogen::kernel
