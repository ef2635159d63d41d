#include "rework/file_frames.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;

/// HDF5's metadata and buffers.
constexpr std::uint64_t library_bytes = std::uint64_t{4} << 20;

/// Keeps the larger of each pair; what is not a number gives way to what is.
void keep_larger(std::span<double> largest, std::span<const double> values) {
    for (std::size_t i = 0; i < largest.size(); ++i)
        if (values[i] > largest[i] || std::isnan(largest[i])) largest[i] = values[i];
}

/// The range of the selected frames, if there are figures for all of them.
std::optional<ValueRange> range_of(const std::vector<store::FieldStatistics>& statistics,
                                   std::span<const Index> frames) {
    RangeFinder finder;
    for (const Index frame : frames) {
        if (frame >= static_cast<Index>(statistics.size())) return std::nullopt;
        const store::FieldStatistics& s = statistics[static_cast<std::size_t>(frame)];
        if (!std::isfinite(s.min) || !std::isfinite(s.max)) return std::nullopt;
        finder.add(std::array{s.min, s.max});
    }
    return finder.range();
}

/// z, y or x of a box with the axes time, (z,) y, x: axis 0, 1 or 2 of a frame.
struct Side {
    Index lo = 0;
    Index hi = 1;
    Index size() const noexcept { return hi - lo; }
};
Side side_of(const NdBox& box, int axis) {
    const int a = axis + box.rank() - 3;
    return a == 0 ? Side{} : Side{box.lo[a], box.hi[a]};
}

} // namespace

FileFrames::FileFrames(std::shared_ptr<const store::FileReader> file, const std::string& dataset)
    : file_(std::move(file)), reader_(file_, dataset), convert_(to_doubles(reader_.type())) {
    if (convert_ == nullptr)
        throw core::UsageError(core::ErrorText{
            .what = "cannot render dataset",
            .where = file_->path().native() + ", " + reader_.info().path,
            .why = "its elements are " + reader_.info().type,
            .advice = "integers of 1 to 8 bytes and floats of 4 or 8 can be rendered"});
    const Dims& shape = reader_.shape();
    std::copy_backward(shape.begin() + 1, shape.end(), shape_.end());
    for (const store::DatasetPiece& piece : reader_.pieces()) {
        const Dims& chunk = piece.grid.chunk();
        window_ = std::max(window_, chunk[0]);
        const Index cells = chunk[chunk.rank() - 2] * chunk[chunk.rank() - 1];
        largest_block_plane_ = std::max(largest_block_plane_, static_cast<std::size_t>(cells));
    }
}

std::uint64_t FileFrames::reading_bytes(int threads) const {
    const auto t = static_cast<std::uint64_t>(threads);
    const std::uint64_t scratch =
        (largest_block_plane_ + static_cast<std::size_t>(shape_[2])) * sizeof(double);
    // Blocks read ahead, so that nobody waits.
    const std::uint64_t ahead = threads > 1 ? (t + 1) * reader_.stored_bound() : 0;
    return library_bytes + BlockStream::least_memory(reader_, threads) + ahead + t * scratch;
}

std::optional<ValueRange> FileFrames::stored_range(std::span<const Index> frames) const {
    for (const core::Field field : {core::Field::u, core::Field::v})
        if (reader_.info().path == "/" + std::string(core::name_of(field)))
            return range_of(reader_.file().statistics(field), frames);
    return std::nullopt;
}

std::vector<FileFrames::Window> FileFrames::windows_of(std::span<const Index> frames) const {
    std::vector<std::size_t> order(frames.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return frames[a] < frames[b]; });
    std::vector<Window> windows;
    for (const std::size_t place : order) {
        const Index frame = frames[place];
        if (windows.empty() || windows.back().frames.back() / window_ != frame / window_)
            windows.emplace_back();
        windows.back().frames.push_back(frame);
        windows.back().places.push_back(place);
    }
    return windows;
}

NdBox FileFrames::box_of(const Window& window, Index first, Index last) const {
    NdBox box = NdBox::whole(reader_.shape());
    box.lo[0] = window.frames.front();
    box.hi[0] = window.frames.back() + 1;
    if (box.rank() == 4) {
        box.lo[1] = first;
        box.hi[1] = last;
    }
    return box;
}

void FileFrames::read(std::span<const Index> frames, Index first, Index last,
                      std::span<double> planes, int threads) {
    const std::size_t cells = static_cast<std::size_t>(shape_[1] * shape_[2]);
    MORPHOGEN_EXPECT(planes.size() == frames.size() * cells);
    if (!stream_ || stream_->threads() != threads) {
        stream_.emplace(reader_, threads, reading_bytes(threads) - library_bytes);
        scratch_.resize(static_cast<std::size_t>(threads));
    }
    const bool one_plane = last - first == 1;
    if (!one_plane)
        std::fill(planes.begin(), planes.end(), std::numeric_limits<double>::quiet_NaN());
    std::array<std::mutex, 64> mutexes; // over the planes of a projection, by place
    const std::vector<Window> windows = windows_of(frames);
    // One stream for all windows: nobody waits at their ends.
    std::vector<store::BlockId> blocks;
    std::vector<std::size_t> window_of; // by block
    for (std::size_t w = 0; w < windows.size(); ++w) {
        const auto more = reader_.blocks_in(box_of(windows[w], first, last));
        blocks.insert(blocks.end(), more.begin(), more.end());
        window_of.resize(blocks.size(), w);
    }
    const auto use = [&](const BlockView& block, int thread) {
        const Window& window = windows[window_of[static_cast<std::size_t>(block.number)]];
        const NdBox part = intersect(block.box, box_of(window, first, last));
        for (std::size_t i = 0; i < window.frames.size(); ++i) {
            const Index frame = window.frames[i];
            if (frame < part.lo[0] || frame >= part.hi[0]) continue;
            const std::size_t n = window.places[i];
            const std::span<double> plane = planes.subspan(n * cells, cells);
            if (one_plane)
                place(block, part, frame, plane);
            else
                project(block, part, frame, plane, scratch_[static_cast<std::size_t>(thread)],
                        mutexes[n % mutexes.size()]);
        }
    };
    stream_->for_each(blocks, {use});
}

namespace {

/// Where a row of a frame begins in a block's bytes.
const std::byte* row_in(const BlockView& block, Index frame, Index z, Index y, Index x,
                        std::size_t element) {
    const Side bz = side_of(block.raw_box, 0);
    const Side by = side_of(block.raw_box, 1);
    const Side bx = side_of(block.raw_box, 2);
    const Index plane = (frame - block.raw_box.lo[0]) * bz.size() + (z - bz.lo);
    const Index cell = (plane * by.size() + (y - by.lo)) * bx.size() + (x - bx.lo);
    return block.raw().data() + static_cast<std::size_t>(cell) * element;
}

} // namespace

void FileFrames::place(const BlockView& block, const NdBox& part, Index frame,
                       std::span<double> plane) const {
    const Side y = side_of(part, 1);
    const Side x = side_of(part, 2);
    const Index z = side_of(part, 0).lo;
    for (Index j = y.lo; j < y.hi; ++j)
        convert_(row_in(block, frame, z, j, x.lo, reader_.element_size()),
                 plane.subspan(static_cast<std::size_t>(j * shape_[2] + x.lo),
                               static_cast<std::size_t>(x.size())));
}

void FileFrames::project(const BlockView& block, const NdBox& part, Index frame,
                         std::span<double> plane, Scratch& scratch, std::mutex& mutex) const {
    const Side z = side_of(part, 0);
    const Side y = side_of(part, 1);
    const Side x = side_of(part, 2);
    const auto width = static_cast<std::size_t>(x.size());
    scratch.values.resize(static_cast<std::size_t>(y.size()) * width);
    scratch.row.resize(width);
    const auto row = [&](Index j) {
        return std::span(scratch.values).subspan(static_cast<std::size_t>(j - y.lo) * width, width);
    };
    for (Index j = y.lo; j < y.hi; ++j) {
        convert_(row_in(block, frame, z.lo, j, x.lo, reader_.element_size()), row(j));
        for (Index k = z.lo + 1; k < z.hi; ++k) {
            convert_(row_in(block, frame, k, j, x.lo, reader_.element_size()), scratch.row);
            keep_larger(row(j), scratch.row);
        }
    }
    const std::lock_guard lock(mutex); // blocks above and below meet in the plane
    for (Index j = y.lo; j < y.hi; ++j)
        keep_larger(plane.subspan(static_cast<std::size_t>(j * shape_[2] + x.lo), width), row(j));
}

} // namespace morphogen::rework
