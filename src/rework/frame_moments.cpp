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
        const std::byte* from = block.raw.data() + static_cast<std::size_t>(place) * element;
        for (std::size_t done = 0; done < row; done += values_at_a_time) {
            const auto some = std::span(values).first(std::min(values_at_a_time, row - done));
            convert(from + done * element, some);
            use(some);
        }
    }
}

void find_moments(const DatasetReader& reader, int threads, std::uint64_t memory,
                  const std::function<void(Index)>& block_done, Stats& stats) {
    const Index frames = reader.shape()[0];
    const FrameMoments none{.min = nan, .max = nan, .mean = nan, .m2 = nan};
    stats.frames.assign(static_cast<std::size_t>(frames), none);
    const auto blocks = reader.blocks_in(NdBox::whole(reader.shape()));
    const Index in_flight = BlockStream::most_in_flight(threads);
    const Index longest = longest_block(reader);
    std::vector<FrameMoments> parts(static_cast<std::size_t>(in_flight * longest));
    const auto part = [&](Index number, Index t) -> FrameMoments& {
        return parts[static_cast<std::size_t>(number % in_flight * longest + t)];
    };
    const ToDoubles convert = to_doubles(reader.type());
    const auto use = [&](const BlockView& block, int) {
        for (Index t = block.box.lo[0]; t < block.box.hi[0]; ++t) {
            FrameMoments sum = none;
            for_frame_values(
                block, t, convert, reader.element_size(),
                [&](std::span<const double> values) { sum = merged(sum, moments_of(values)); });
            part(block.number, t - block.box.lo[0]) = sum;
        }
    };
    const auto done = [&](Index number) {
        const NdBox box = reader.box(blocks[static_cast<std::size_t>(number)]);
        for (Index t = box.lo[0]; t < box.hi[0]; ++t) {
            FrameMoments& frame = stats.frames[static_cast<std::size_t>(t)];
            frame = merged(frame, part(number, t - box.lo[0]));
        }
        block_done(number);
    };
    BlockStream(reader, threads, memory).for_each(blocks, {use, done});
    stats.low = stats.high = nan;
    for (const FrameMoments& frame : stats.frames) {
        stats.low = std::fmin(stats.low, frame.min);
        stats.high = std::fmax(stats.high, frame.max);
    }
}

void find_histogram(const DatasetReader& reader, int threads, std::uint64_t memory,
                    const std::function<void(Index)>& block_done, Stats& stats) {
    const Index frames = reader.shape()[0];
    const auto bins = static_cast<std::size_t>(stats.bins);
    stats.histogram.assign(static_cast<std::size_t>(frames) * bins, 0);
    const auto blocks = reader.blocks_in(NdBox::whole(reader.shape()));
    const Index in_flight = BlockStream::most_in_flight(threads);
    const auto longest = static_cast<std::size_t>(longest_block(reader));
    std::vector<std::uint64_t> parts(static_cast<std::size_t>(in_flight) * longest * bins);
    const auto part = [&](Index number) {
        return std::span(parts).subspan(
            static_cast<std::size_t>(number % in_flight) * longest * bins, longest * bins);
    };
    const ToDoubles convert = to_doubles(reader.type());
    const double width = stats.high - stats.low;
    const auto use = [&](const BlockView& block, int) {
        const auto counts = part(block.number);
        std::fill(counts.begin(), counts.end(), 0);
        for (Index t = block.box.lo[0]; t < block.box.hi[0]; ++t) {
            const auto frame =
                counts.subspan(static_cast<std::size_t>(t - block.box.lo[0]) * bins, bins);
            for_frame_values(
                block, t, convert, reader.element_size(), [&](std::span<const double> values) {
                    for (const double v : values) {
                        if (!std::isfinite(v)) continue;
                        const double place = width > 0.0 ? (v - stats.low) / width : 0.0;
                        const auto bin =
                            static_cast<std::size_t>(place * static_cast<double>(bins));
                        ++frame[std::min(bin, bins - 1)];
                    }
                });
        }
    };
    const auto done = [&](Index number) {
        const NdBox box = reader.box(blocks[static_cast<std::size_t>(number)]);
        const auto counts = part(number);
        const auto n = static_cast<std::size_t>(box.hi[0] - box.lo[0]) * bins;
        const auto first = static_cast<std::size_t>(box.lo[0]) * bins;
        for (std::size_t i = 0; i < n; ++i)
            stats.histogram[first + i] += counts[i];
        block_done(number);
    };
    BlockStream(reader, threads, memory).for_each(blocks, {use, done});
}

} // namespace morphogen::rework
