#pragma once

#include "morphogen/core/box.hpp"

#include <algorithm>

namespace morphogen::run {

/// Ranks agree about this often: so soon a signal, a failed writer and a flushed part are noticed.
inline constexpr double vote_period_s = 0.25;

/// Steps from one vote to the next where a step takes @p seconds_per_step: whole sweeps of @p depth
/// steps, one at least, since a shorter one costs nearly as much memory traffic as a whole one.
inline core::Index steps_between_votes(double seconds_per_step, core::Index depth) noexcept {
    const auto in_time =
        static_cast<core::Index>(std::clamp(vote_period_s / seconds_per_step, 1.0, 1e9));
    return std::max<core::Index>(in_time / depth, 1) * depth;
}

/// Steps from here to the next vote, of @p left until the frame, where steps_between_votes() allows
/// @p most: no more sweeps come of it than without votes, and all are about equally long.
inline core::Index steps_to_vote(core::Index left, core::Index most, core::Index depth) noexcept {
    const core::Index sweeps = (left + depth - 1) / depth;
    const core::Index most_sweeps = most / depth;
    const core::Index votes = (sweeps + most_sweeps - 1) / most_sweeps;
    const core::Index now = (sweeps + votes - 1) / votes;
    return (left * now + sweeps - 1) / sweeps;
}

} // namespace morphogen::run
