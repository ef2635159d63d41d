#pragma once

#include "morphogen/parallel/parking.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace morphogen::parallel {

/// For one side of a ring, when it looks at what the other side has published: keeps it from
/// following at a few items' distance. There every look takes the other side's line away from it,
/// and the caches exchange two lines per item, or more, instead of one. A side that finds little
/// again and again waits somewhat longer before the next look, up to a microsecond, and then finds
/// much. If a wait brings no more than an item per 50 ns, the other side is slow, or waits for an
/// answer to the item before (a round trip): then it looks at once.
///
/// Compare P. Lee et al., "A lock-free, cache-efficient shared ring buffer for multi-core
/// architectures", 2009 (MCRingBuffer), where both sides publish in batches instead, so that a
/// single item would have to be flushed.
class FollowingDistance {
public:
    /// @param capacity of the ring, items; below 4 there is no distance to keep.
    /// @param spins spins_before_sleep(), the measure of time; 0: never waits.
    FollowingDistance(std::size_t capacity, int spins)
        : little_(std::min<std::uint64_t>(capacity / 4, 64)),
          pause_(spins > 0 ? std::max(spins / spins_per_pause, 1) : 0) {}

    /// Before a look.
    void wait() const noexcept {
        const int turns = length();
        for (int i = 0; i < turns; ++i)
            relax();
    }

    /// After it: @p found items (or places), perhaps none.
    void looked(std::uint64_t found) noexcept {
        if (found <= length_) {
            if (length_ != 0) length_ = 0; // no store in each turn of a spin loop
        } else if (found < little_) {
            length_ = std::min(length_ + 1, longest);
        } else if (found > 4 * little_ && length_ > 0) {
            --length_;
        }
    }

    /// Calls of relax() before the next look.
    int length() const noexcept { return static_cast<int>(length_) * pause_; }

private:
    static constexpr int spins_per_pause = 200; // of ten microseconds' spins: 50 ns
    static constexpr std::uint64_t longest = 16;

    std::uint64_t little_;     // found so few, it waits longer
    std::uint64_t length_ = 0; // pauses
    int pause_;                // calls of relax()
};

} // namespace morphogen::parallel
