#include "morphogen/rework/series.hpp"

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/store/schema.hpp"

#include "rework/check_output.hpp"
#include "rework/point_index.hpp"
#include "rework/series_output.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using store::DatasetReader;

void check_points(const DatasetReader& reader, const std::vector<Dims>& points) {
    const Dims& shape = reader.shape();
    const auto refuse = [&](const std::string& why) {
        throw core::UsageError(core::ErrorText{
            .what = "these series cannot be had",
            .where = fmt::format("{}, {}", reader.file().path().native(), reader.info().path),
            .why = why});
    };
    if (shape.rank() < 2) refuse("the dataset has one axis: no points besides time");
    if (points.empty()) refuse("no points are given");
    for (std::size_t i = 0; i < points.size(); ++i) {
        const Dims& point = points[i];
        if (point.rank() != shape.rank() - 1)
            refuse(fmt::format("point {} ({}) has {} indices, the dataset has {} axes beside the "
                               "first ({})",
                               i + 1, fmt::join(point, ","), point.rank(), shape.rank() - 1,
                               fmt::join(shape, " x ")));
        for (int a = 0; a < point.rank(); ++a)
            if (point[a] < 0 || point[a] >= shape[a + 1])
                refuse(fmt::format("point {} ({}) lies outside: the dataset is {}", i + 1,
                                   fmt::join(point, ","), fmt::join(shape, " x ")));
    }
}

/// /step or /time, where the file has one number per frame.
std::optional<FrameNumbers> frame_numbers(const DatasetReader& reader, const char* name) {
    const std::string path = fmt::format("/{}", name);
    if (!reader.file().has_dataset(path)) return std::nullopt;
    const store::DatasetInfo info = reader.file().dataset(path);
    const Index frames = reader.shape()[0];
    if (info.shape.size() != 1 || info.shape[0] < frames || !info.is_numeric) return std::nullopt;
    const DatasetReader numbers(
        std::shared_ptr<const store::FileReader>(std::shared_ptr<void>(), &reader.file()), path);
    if (!numbers.type().is_number()) return std::nullopt;
    FrameNumbers result{.type = numbers.type(),
                        .values = std::vector<std::byte>(static_cast<std::size_t>(frames) *
                                                         numbers.element_size())};
    if (frames > 0) numbers.read_plain(core::NdBox{{0}, {frames}}, result.values);
    return result;
}

struct SeriesPlan {
    int threads = 1;
    std::uint64_t stream_memory = 0;
    Index slab = 1; // frames
};

SeriesPlan plan_series(const DatasetReader& reader, const PointIndex& index,
                       const SeriesOptions& options) {
    const auto points = static_cast<Index>(options.points.size());
    const std::uint64_t row = static_cast<std::uint64_t>(points) * reader.element_size();
    constexpr std::uint64_t text = std::uint64_t{1} << 20; // and the frames' numbers
    const std::uint64_t lists = PointIndex::memory(points) +
                                static_cast<std::uint64_t>(points) * sizeof(Dims) + text +
                                static_cast<std::uint64_t>(reader.shape()[0]) * 16;
    SeriesPlan plan{.threads = options.budget.threads};
    const auto needed = [&](int threads, Index frames) {
        return lists + BlockStream::least_memory(reader, threads) +
               static_cast<std::uint64_t>(frames) * row + index.list_memory(frames);
    };
    while (plan.threads > 1 && needed(plan.threads, 1) > options.budget.memory / 2)
        --plan.threads;
    const std::uint64_t least = needed(plan.threads, 1);
    if (least > options.budget.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory for series",
            .where = fmt::format("{}, {}", reader.file().path().native(), reader.info().path),
            .why = fmt::format("{} is the least for {} points and chunks of {}, {} may be used",
                               core::format_size(least), points,
                               core::format_size(reader.block_bytes()),
                               core::format_size(options.budget.memory)),
            .advice = "give more --memory, or fewer points at a time"});
    const std::uint64_t ahead =
        std::min((options.budget.memory - least) / 4,
                 (static_cast<std::uint64_t>(plan.threads) + 1) * reader.stored_bound());
    plan.stream_memory = BlockStream::least_memory(reader, plan.threads) + ahead;
    // As many frames as fit: whole layers of blocks, so that none is decoded twice.
    Index low = 1;
    Index high = std::max<Index>(reader.shape()[0], 1);
    while (low < high) {
        const Index middle = low + (high - low + 1) / 2;
        if (needed(plan.threads, middle) + ahead <= options.budget.memory)
            low = middle;
        else
            high = middle - 1;
    }
    const Index layer = reader.pieces().empty() ? 1 : reader.pieces().front().grid.chunk()[0];
    plan.slab = low > layer && low < reader.shape()[0] ? low / layer * layer : low;
    return plan;
}

bool is_hdf5_name(const std::filesystem::path& path) {
    const std::string extension = path.extension().native();
    return extension == ".h5" || extension == ".hdf5" || extension == ".nc";
}

} // namespace

SeriesResult write_series(const DatasetReader& reader, const SeriesOptions& options) {
    const core::Stopwatch watch;
    check_points(reader, options.points);
    const PointIndex index(reader, options.points);
    const SeriesPlan plan = plan_series(reader, index, options);
    const SeriesTable table{.reader = reader,
                            .points = options.points,
                            .step = frame_numbers(reader, store::schema::step),
                            .time = frame_numbers(reader, store::schema::time)};
    if (!options.out.empty()) check_output(options.out, inputs_of(reader));
    const auto output = is_hdf5_name(options.out) ? hdf5_output(table, options.out, options.replace)
                                                  : csv_output(table, options.out, options.replace);
    SeriesResult result{.frames = reader.shape()[0]};
    const std::size_t row = options.points.size() * reader.element_size();
    BlockStream stream(reader, plan.threads, plan.stream_memory);
    core::AlignedBuffer<std::byte> values(
        row * static_cast<std::size_t>(std::min(plan.slab, result.frames)));
    for (Index first = 0; first < result.frames; first += plan.slab) {
        const Index count = std::min(plan.slab, result.frames - first);
        const std::vector<store::BlockId> blocks = index.blocks(first, first + count);
        const auto all = static_cast<Index>(blocks.size());
        const auto use = [&](const BlockView& block, int) {
            index.copy(block, first, first + count, values.data());
        };
        const auto done = [&](Index number) {
            if (options.budget.progress)
                options.budget.progress(first + count * (number + 1) / all, result.frames);
        };
        stream.for_each(blocks, {use, done});
        output->put(first, count, values.span().first(row * static_cast<std::size_t>(count)));
        result.blocks += all;
        ++result.slabs;
    }
    output->close();
    result.seconds = watch.seconds();
    return result;
}

} // namespace morphogen::rework
