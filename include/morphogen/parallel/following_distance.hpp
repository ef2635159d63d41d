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
/// much. A side that looked in vain three times in a row is not following but waiting (a round
/// trip, a slow other side): it looks at once.
///
/// Compare P. Lee et al., "A lock-free, cache-efficient shared ring buffer for multi-core
/// architectures", 2009 (MCRingBuffer), where both sides publish in batches instead, so that a
/// single item would have to be flushed.
class FollowingDistance {
public:
    /// @param spins spins_before_sleep(), the measure of time; 0: never waits.
    FollowingDistance(std::size_t capacity, int spins)
        : little_(std::min<std::uint64_t>(capacity / 4, 64)),
          pause_(spins > 0 ? std::max(spins / spins_per_pause, 1) : 0) {}

    /// Before a look.
    void wait() const noexcept {
        const int length = length_;
        if (length > 0) [[unlikely]]
            for (int i = 0; i < length; ++i)
                relax();
    }

    /// After it: @p found items (or places), perhaps none.
    void looked(std::uint64_t found) noexcept {
        if (in_vain_ == most_in_vain) { // it waits: in a spin loop, so the least of work
            if (found > 0)
                in_vain_ = 0;
            else if (length_ != 0)
                length_ = 0;
            return;
        }
        if (found == 0) {
            ++in_vain_;
            return;
        }
        in_vain_ = 0;
        if (found < little_)
            length_ = std::min(length_ + pause_, most_pauses * pause_);
        else if (found > 4 * little_)
            length_ = std::max(length_ - pause_, 0);
    }

    /// Calls of relax() before the next look.
    int length() const noexcept { return length_; }

private:
    static constexpr int spins_per_pause = 200; // of ten microseconds' spins: 50 ns
    static constexpr int most_pauses = 16;
    static constexpr int most_in_vain = 3;

    std::uint64_t little_; // found so few, it waits longer
    int pause_;            // calls of relax()
    int length_ = 0;
    int in_vain_ = 0; // looks in a row that found nothing
};

} // namespace morphogen::parallel
