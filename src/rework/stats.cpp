#include "morphogen/rework/stats.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/store/array_file.hpp"
#include "morphogen/store/reader.hpp"

#include "rework/check_output.hpp"
#include "rework/frame_moments.hpp"
#include "rework/pod.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using store::DatasetReader;

/// Bytes beside the streams.
std::uint64_t result_memory(const DatasetReader& reader, const StatsOptions& options, int threads) {
    const auto frames = static_cast<std::uint64_t>(reader.shape()[0]);
    std::uint64_t longest = 1;
    std::uint64_t blocks = 0;
    for (const store::DatasetPiece& piece : reader.pieces()) {
        longest = std::max(longest, static_cast<std::uint64_t>(piece.grid.chunk()[0]));
        blocks += static_cast<std::uint64_t>(piece.grid.size());
    }
    const std::uint64_t each =
        sizeof(FrameMoments) + static_cast<std::uint64_t>(options.bins) * sizeof(std::uint64_t);
    const auto in_flight = static_cast<std::uint64_t>(BlockStream::most_in_flight(threads));
    return frames * each + in_flight * std::min(longest, frames) * each +
           3 * blocks * sizeof(store::BlockId);
}

struct StatsPlan {
    int threads = 1;
    std::uint64_t stream_memory = 0;
};

StatsPlan plan_stats(const DatasetReader& reader, const StatsOptions& options) {
    StatsPlan plan{.threads = options.budget.threads};
    const auto needed = [&](int threads) {
        return BlockStream::least_memory(reader, threads) + result_memory(reader, options, threads);
    };
    while (plan.threads > 1 && needed(plan.threads) > options.budget.memory)
        --plan.threads;
    if (needed(plan.threads) > options.budget.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory for statistics",
            .where = fmt::format("{}, {}", reader.file().path().native(), reader.info().path),
            .why = fmt::format("{} is the least for {} frames and chunks of {}, {} may be used",
                               core::format_size(needed(plan.threads)), reader.shape()[0],
                               core::format_size(reader.block_bytes()),
                               core::format_size(options.budget.memory)),
            .advice = "give more --memory"});
    plan.stream_memory = options.budget.memory - result_memory(reader, options, plan.threads);
    return plan;
}

/// The memory that moments and histogram leave for modes.
ReworkBudget rest_of(const DatasetReader& reader, const StatsOptions& options) {
    ReworkBudget rest{.threads = options.budget.threads};
    const std::uint64_t taken = result_memory(reader, options, 1);
    rest.memory = options.budget.memory > taken ? options.budget.memory - taken : 0;
    return rest;
}

/// What a run's file says about its field's bounds: nothing unless it says so for every frame, in
/// finite numbers.
std::optional<Bounds> recorded_bounds(const DatasetReader& reader) {
    const std::string& path = reader.info().path;
    if (path != "/u" && path != "/v") return std::nullopt;
    std::vector<store::FieldStatistics> recorded;
    try {
        recorded = reader.file().statistics(path == "/u" ? core::Field::u : core::Field::v);
    } catch (const core::Error&) { // they only spare a pass: what is damaged there is not needed
        return std::nullopt;
    }
    if (recorded.empty() || static_cast<Index>(recorded.size()) != reader.shape()[0])
        return std::nullopt;
    Bounds all{recorded.front().min, recorded.front().max};
    for (const store::FieldStatistics& frame : recorded) {
        if (!std::isfinite(frame.min) || !std::isfinite(frame.max)) return std::nullopt;
        all.low = std::min(all.low, frame.min);
        all.high = std::max(all.high, frame.max);
    }
    return all;
}

/// Moments and histogram: in one pass if the file knows its bounds and they are right, else in two.
void find_distribution(const DatasetReader& reader, const StatsPlan& plan,
                       const std::function<void()>& block_done, Stats& stats) {
    const auto blocks = reader.blocks_in(core::NdBox::whole(reader.shape()));
    BlockStream stream(reader, plan.threads, plan.stream_memory);
    const auto pass = [&](MomentsOfFrames* moments, HistogramOfFrames* histogram) {
        const auto use = [&](const BlockView& block, int) {
            if (moments) moments->use(block);
            if (histogram) histogram->use(block);
        };
        const auto done = [&](Index number) {
            const core::NdBox box = reader.box(blocks[static_cast<std::size_t>(number)]);
            if (moments) moments->done(number, box);
            if (histogram) histogram->done(number, box);
            block_done();
        };
        stream.for_each(blocks, {use, done});
    };
    std::optional<HistogramOfFrames> histogram;
    const auto claimed = stats.bins > 0 ? recorded_bounds(reader) : std::nullopt;
    if (claimed) histogram.emplace(reader, plan.threads, *claimed, stats);
    MomentsOfFrames moments(reader, plan.threads, stats);
    pass(&moments, histogram ? &*histogram : nullptr);
    stats.passes = 1;
    const Bounds bounds = moments.bounds();
    stats.low = bounds.low;
    stats.high = bounds.high;
    if (!std::isfinite(bounds.high - bounds.low)) { // no bounds: no bins
        stats.bins = 0;
        stats.histogram.clear();
    }
    if (stats.bins == 0 || bounds == claimed) return;
    histogram.emplace(reader, plan.threads, bounds, stats);
    pass(nullptr, &*histogram);
    stats.passes = 2;
}

void write_file(const DatasetReader& reader, const Stats& stats, PodSolver* solver,
                store::ArrayFile& file, const std::function<void()>& slab_done) {
    const auto real = [&](const char* name, std::vector<std::string> axes,
                          std::span<const double> values, const char* what) {
        file.add(
            {.name = name, .type = store::float64_type, .axes = std::move(axes), .long_name = what},
            std::as_bytes(values));
    };
    file.add_axis("time", reader.shape()[0]);
    const auto column = [&](const char* name, auto&& get, const char* what) {
        std::vector<double> values;
        for (const FrameMoments& frame : stats.frames)
            values.push_back(get(frame));
        real(name, {"time"}, values, what);
    };
    column(
        "min", [](const auto& f) { return f.min; }, "smallest cell of a frame");
    column(
        "max", [](const auto& f) { return f.max; }, "largest cell of a frame");
    column(
        "mean", [](const auto& f) { return f.mean; }, "mean of a frame's cells");
    column(
        "variance", [](const auto& f) { return f.variance(); },
        "variance of a frame's cells, as a whole population");
    column(
        "nans", [](const auto& f) { return static_cast<double>(f.nans); },
        "cells of a frame that are NaN");
    if (stats.bins > 0) {
        file.add_axis("bin", stats.bins);
        const std::vector<std::int64_t> counts(stats.histogram.begin(), stats.histogram.end());
        file.add({.name = "histogram",
                  .type = store::int64_type,
                  .axes = {"time", "bin"},
                  .long_name = fmt::format("cells in bins of equal width from {} to {}", stats.low,
                                           stats.high)},
                 std::as_bytes(std::span(counts)));
    }
    if (solver) {
        file.add_axis("rank", static_cast<Index>(stats.pod.energies.size()));
        real("energies", {"rank"}, stats.pod.energies,
             "variance over time of each mode; their sum is that of all cells");
        file.add_axis("mode", stats.pod.modes);
        real("coefficients", {"time", "mode"}, stats.pod.coefficients,
             "of the modes: frame = mean_over_time + sum of coefficients times modes");
        std::vector<std::string> axes;
        const int rank = reader.shape().rank();
        for (int a = 1; a < rank; ++a) {
            axes.push_back(rank <= 4 ? std::string(1, "zyx"[4 - rank + a - 1])
                                     : fmt::format("axis_{}", a));
            file.add_axis(axes.back(), reader.shape()[a]);
        }
        file.add({.name = "mean_over_time", .type = store::float64_type, .axes = axes});
        axes.insert(axes.begin(), "mode");
        file.add({.name = "modes",
                  .type = store::float64_type,
                  .axes = axes,
                  .long_name = "orthonormal over the cells"});
        solver->write_modes(file, slab_done);
    }
    file.close();
}

} // namespace

Stats compute_stats(const DatasetReader& reader, const StatsOptions& options) {
    const core::Stopwatch watch;
    if (reader.shape().rank() < 2)
        throw core::UsageError(core::ErrorText{
            .what = "these statistics cannot be had",
            .where = fmt::format("{}, {}", reader.file().path().native(), reader.info().path),
            .why = "the dataset has one axis: no cells besides time"});
    const StatsPlan plan = plan_stats(reader, options);
    Index blocks = 0;
    for (const store::DatasetPiece& piece : reader.pieces())
        blocks += piece.grid.size();
    std::optional<PodSolver> solver;
    const bool empty = core::volume(reader.shape()) == 0;
    if (options.modes > 0 && !empty)
        solver.emplace(reader, rest_of(reader, options), options.modes);
    const bool keeps = !options.out.empty();
    if (keeps) check_output(options.out, inputs_of(reader));
    std::optional<store::ArrayFile> file; // now: an OUT that cannot be costs no work
    if (keeps) file.emplace(options.out, options.replace);
    const Index all =
        2 * blocks + (solver ? solver->slabs() * (keeps ? 2 : 1) : 0); // slabs count as blocks
    Index done = 0;
    const auto one_done = [&] {
        if (options.budget.progress) options.budget.progress(std::min(++done, all), all);
    };
    Stats stats{.bins = options.bins};
    find_distribution(reader, plan, one_done, stats);
    if (stats.passes == 1) done += blocks;
    if (solver) stats.pod = solver->solve(one_done);
    if (file) write_file(reader, stats, solver ? &*solver : nullptr, *file, one_done);
    stats.seconds = watch.seconds();
    return stats;
}

} // namespace morphogen::rework
