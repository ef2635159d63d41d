#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/stats.hpp"

#include "rework/element_values.hpp"

#include <functional>
#include <span>

namespace morphogen::rework {

/// Of @p values, in their order.
FrameMoments moments_of(std::span<const double> values) noexcept;

/// Calls @p use with the elements of one frame of a block, as doubles, in order, some at a time.
void for_frame_values(const BlockView& block, core::Index frame, ToDoubles convert,
                      std::size_t element,
                      parallel::FunctionRef<void(std::span<const double>)> use);

/// stats.frames, low and high. @p memory: of the stream.
void find_moments(const store::DatasetReader& reader, int threads, std::uint64_t memory,
                  const std::function<void(core::Index)>& block_done, Stats& stats);
/// stats.histogram, once bounds are known.
void find_histogram(const store::DatasetReader& reader, int threads, std::uint64_t memory,
                    const std::function<void(core::Index)>& block_done, Stats& stats);

} // namespace morphogen::rework
