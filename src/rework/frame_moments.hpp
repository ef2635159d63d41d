#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/stats.hpp"

#include "rework/element_values.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace morphogen::rework {

/// Of @p values, in their order.
FrameMoments moments_of(std::span<const double> values) noexcept;

/// Calls @p use with the elements of one frame of a block, as doubles, in order, some at a time.
void for_frame_values(const BlockView& block, core::Index frame, ToDoubles convert,
                      std::size_t element,
                      parallel::FunctionRef<void(std::span<const double>)> use);

struct Bounds {
    double low = 0.0;
    double high = 0.0;

    friend bool operator==(const Bounds&, const Bounds&) = default;
};

/// stats.frames from the blocks of a stream: use() by any thread, then done() in order.
class MomentsOfFrames {
public:
    /// @param threads of the stream.
    MomentsOfFrames(const store::DatasetReader& reader, int threads, Stats& stats);
    void use(const BlockView& block);
    void done(core::Index number, const core::NdBox& box);
    /// Of all frames once they are done; NaN if there is nothing but NaN.
    Bounds bounds() const;

private:
    FrameMoments& part(core::Index number, core::Index frame);

    const store::DatasetReader& reader_;
    Stats& stats_;
    core::Index in_flight_;
    core::Index longest_; // block, in frames
    ToDoubles convert_;
    std::vector<FrameMoments> parts_; // of blocks in flight, [block][frame]
};

/// stats.histogram, likewise; what is outside the bounds goes into the first or the last bin.
class HistogramOfFrames {
public:
    HistogramOfFrames(const store::DatasetReader& reader, int threads, Bounds bounds, Stats& stats);
    void use(const BlockView& block);
    void done(core::Index number, const core::NdBox& box);

private:
    std::span<std::uint64_t> part(core::Index number);

    const store::DatasetReader& reader_;
    Stats& stats_;
    Bounds bounds_;
    std::size_t bins_;
    core::Index in_flight_;
    std::size_t longest_;
    ToDoubles convert_;
    std::vector<std::uint64_t> parts_; // [block][frame][bin]
};

} // namespace morphogen::rework
