#include "rework/frame_moments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace morphogen::rework {

using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr FrameMoments none{.min = nan, .max = nan, .mean = nan, .m2 = nan};
constexpr std::size_t values_at_a_time = 4096;

Index longest_block(const DatasetReader& reader) {
    Index frames = 1;
    for (const store::DatasetPiece& piece : reader.pieces())
        frames = std::max(frames, piece.grid.chunk()[0]);
    return std::min(frames, std::max<Index>(reader.shape()[0], 1));
}

} // namespace

double FrameMoments::variance() const noexcept {
    return count > 0 ? m2 / static_cast<double>(count) : nan;
}

FrameMoments merged(const FrameMoments& a, const FrameMoments& b) noexcept {
    FrameMoments sum = a.count > 0 ? a : b;
    sum.nans = a.nans + b.nans;
    if (a.count == 0 || b.count == 0) return sum;
    sum.count = a.count + b.count;
    const double share = static_cast<double>(b.count) / static_cast<double>(sum.count);
    const double distance = b.mean - a.mean;
    sum.min = std::min(a.min, b.min);
    sum.max = std::max(a.max, b.max);
    sum.mean = a.mean + distance * share;
    sum.m2 = a.m2 + b.m2 + distance * distance * static_cast<double>(a.count) * share;
    return sum;
}

FrameMoments moments_of(std::span<const double> values) noexcept {
    FrameMoments m{.min = nan, .max = nan, .mean = nan, .m2 = nan};
    double sum = 0.0;
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const double v : values) {
        if (std::isnan(v)) {
            ++m.nans;
            continue;
        }
        sum += v;
        low = std::min(low, v);
        high = std::max(high, v);
    }
    m.count = static_cast<Index>(values.size()) - m.nans;
    if (m.count == 0) return m;
    m.min = low;
    m.max = high;
    m.mean = sum / static_cast<double>(m.count);
    m.m2 = 0.0;
    for (const double v : values)
        if (!std::isnan(v)) m.m2 += (v - m.mean) * (v - m.mean);
    return m;
}

void for_frame_values(const BlockView& block, Index frame, ToDoubles convert, std::size_t element,
                      parallel::FunctionRef<void(std::span<const double>)> use) {
    std::array<double, values_at_a_time> values;
    NdBox part = block.box;
    part.lo[0] = frame;
    part.hi[0] = frame + 1;
    const int last = part.rank() - 1;
    const auto row = static_cast<std::size_t>(part.hi[last] - part.lo[last]);
    Dims rows = part.shape();
    rows[last] = 1;
    const core::ChunkGrid grid(rows, Dims(rows.rank(), 1));
    const Dims extent = block.raw_box.shape();
    for (Index r = 0; r < grid.size(); ++r) {
        const Dims index = grid.full_box(r).lo;
        Index place = 0;
        for (int a = 0; a < part.rank(); ++a)
            place = place * extent[a] + index[a] + part.lo[a] - block.raw_box.lo[a];
        const std::byte* from = block.raw().data() + static_cast<std::size_t>(place) * element;
        for (std::size_t done = 0; done < row; done += values_at_a_time) {
            const auto some = std::span(values).first(std::min(values_at_a_time, row - done));
            convert(from + done * element, some);
            use(some);
        }
    }
}

MomentsOfFrames::MomentsOfFrames(const DatasetReader& reader, int threads, Stats& stats)
    : reader_(reader), stats_(stats), in_flight_(BlockStream::most_in_flight(threads)),
      longest_(longest_block(reader)), convert_(to_doubles(reader.type())),
      parts_(static_cast<std::size_t>(in_flight_ * longest_)) {
    stats.frames.assign(static_cast<std::size_t>(reader.shape()[0]), none);
}

FrameMoments& MomentsOfFrames::part(Index number, Index frame) {
    return parts_[static_cast<std::size_t>(number % in_flight_ * longest_ + frame)];
}

void MomentsOfFrames::use(const BlockView& block) {
    for (Index t = block.box.lo[0]; t < block.box.hi[0]; ++t) {
        FrameMoments sum = none;
        for_frame_values(
            block, t, convert_, reader_.element_size(),
            [&](std::span<const double> values) { sum = merged(sum, moments_of(values)); });
        part(block.number, t - block.box.lo[0]) = sum;
    }
}

void MomentsOfFrames::done(Index number, const NdBox& box) {
    for (Index t = box.lo[0]; t < box.hi[0]; ++t) {
        FrameMoments& frame = stats_.frames[static_cast<std::size_t>(t)];
        frame = merged(frame, part(number, t - box.lo[0]));
    }
}

Bounds MomentsOfFrames::bounds() const {
    Bounds all{nan, nan};
    for (const FrameMoments& frame : stats_.frames) {
        all.low = std::fmin(all.low, frame.min);
        all.high = std::fmax(all.high, frame.max);
    }
    return all;
}

HistogramOfFrames::HistogramOfFrames(const DatasetReader& reader, int threads, Bounds bounds,
                                     Stats& stats)
    : reader_(reader), stats_(stats), bounds_(bounds), bins_(static_cast<std::size_t>(stats.bins)),
      in_flight_(BlockStream::most_in_flight(threads)),
      longest_(static_cast<std::size_t>(longest_block(reader))),
      convert_(to_doubles(reader.type())),
      parts_(static_cast<std::size_t>(in_flight_) * longest_ * bins_) {
    stats.histogram.assign(static_cast<std::size_t>(reader.shape()[0]) * bins_, 0);
}

std::span<std::uint64_t> HistogramOfFrames::part(Index number) {
    return std::span(parts_).subspan(
        static_cast<std::size_t>(number % in_flight_) * longest_ * bins_, longest_ * bins_);
}

void HistogramOfFrames::use(const BlockView& block) {
    const auto counts = part(block.number);
    std::fill(counts.begin(), counts.end(), 0);
    const double width = bounds_.high - bounds_.low;
    const auto most = static_cast<double>(bins_ - 1);
    for (Index t = block.box.lo[0]; t < block.box.hi[0]; ++t) {
        const auto frame =
            counts.subspan(static_cast<std::size_t>(t - block.box.lo[0]) * bins_, bins_);
        for_frame_values(block, t, convert_, reader_.element_size(),
                         [&](std::span<const double> values) {
                             for (const double v : values) {
                                 if (!std::isfinite(v)) continue;
                                 const double place = width > 0.0 ? (v - bounds_.low) / width : 0.0;
                                 // Bounds that a file only claims are found wrong afterwards.
                                 const double bin = place * static_cast<double>(bins_);
                                 ++frame[static_cast<std::size_t>(std::clamp(bin, 0.0, most))];
                             }
                         });
    }
}

void HistogramOfFrames::done(Index number, const NdBox& box) {
    const auto counts = part(number);
    const auto n = static_cast<std::size_t>(box.hi[0] - box.lo[0]) * bins_;
    const auto first = static_cast<std::size_t>(box.lo[0]) * bins_;
    for (std::size_t i = 0; i < n; ++i)
        stats_.histogram[first + i] += counts[i];
}

} // namespace morphogen::rework
