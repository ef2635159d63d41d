#include "morphogen/run/plan.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/run/frame_encoder.hpp"
#include "morphogen/simulation/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>

namespace morphogen::run {
namespace {

using core::ErrorText;
using core::Index;
using core::UsageError;

int compute_threads(const config::Config& config, const NodeResources& node) {
    return config.threads.compute > 0 ? config.threads.compute : node.share;
}

core::Box largest_block(const mpi::ProcessGrid& grid) {
    return grid.block(0); // the first parts of an even split are the largest
}

void check_memory(const config::Config& config, const Plan& plan, const NodeResources& node,
                  bool tiling_given) {
    const auto needed = plan.rank_bytes() * static_cast<std::uint64_t>(node.ranks);
    if (needed <= node.memory) return;
    const std::span given =
        std::span(config.grid.shape).last(static_cast<std::size_t>(config.grid.dims));
    throw UsageError(ErrorText{
        .what = "not enough memory",
        .where = fmt::format("grid.shape = [{}], {}", fmt::join(given, ", "),
                             core::name_of(config.grid.precision)),
        .why = fmt::format("{} rank(s) on this machine need {}, and {} may be used", node.ranks,
                           core::format_size(needed), core::format_size(node.memory)),
        .advice =
            tiling_given
                ? "leave the environment variable MORPHOGEN_TILING unset, or use a smaller grid"
                : "use a smaller grid, f32, fewer output.queue_frames, or more machines"});
}

void check_shared_layout(const config::Config& config) {
    const codec::Compressor c = config.output.codec.compressor;
    if (c == codec::Compressor::none || c == codec::Compressor::deflate) return;
    throw UsageError(ErrorText{
        .what = "output.layout = \"shared\" cannot use this codec",
        .where = codec::to_string(config.output.codec),
        .why = "a collective file is compressed by HDF5's own filters",
        .advice = "set output.codec to \"none\" or \"deflate:1\", or use layout \"parts\""});
}

/// Runs @p check; its errors begin with where the user wrote @p key.
template <typename Check>
auto with_place(const config::Config& config, std::string_view key, Check&& check) {
    try {
        return check();
    } catch (const UsageError& error) {
        throw UsageError(config.place(key) + error.what());
    }
}

/// "frames.h5", or what it is made of.
std::string describe_files(const config::Config& config, Index ranks) {
    const bool shared = config.output.layout == config::Layout::shared;
    const Index files = shared ? 1 : ranks;
    const Index per_file = config.output.frames_per_file;
    const Index segments = per_file > 0 ? (config.total_frames() + per_file - 1) / per_file : 1;
    if (files == 1 && segments <= 1) return "frames.h5";
    if (segments <= 1) return fmt::format("{} parts and a virtual frames.h5", files);
    return fmt::format("{} segments of {} file(s) and a virtual frames.h5", segments, files);
}

/// @p a * @p b, or the largest number if that is more.
std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

} // namespace

std::uint64_t writer_memory(const config::Config& config, const store::FrameLayout& layout,
                            int io_threads) {
    const auto frames = static_cast<std::uint64_t>(config.output.queue_frames) + 2;
    return frames * layout.frame_bytes() + FrameEncoder::memory(layout, io_threads);
}

Plan make_plan(const config::Config& config, int ranks, const NodeResources& node,
               const simulation::TilingPolicy& tiling) {
    const char* const grid_key = config.places.contains("mpi.ranks") ? "mpi.ranks" : "grid.shape";
    Plan plan{.grid = with_place(config, grid_key,
                                 [&] { return simulation::make_process_grid(config, ranks); })};
    plan.ranks_per_node = node.ranks;
    plan.compute_threads = compute_threads(config, node);
    plan.io_threads = config.threads.io > 0 ? config.threads.io : plan.compute_threads;
    const core::Box block = largest_block(plan.grid);
    plan.simulation_bytes =
        simulation::memory_per_rank(config, plan.grid, plan.compute_threads, tiling.fixed);
    plan.checkpoint_bytes = 2 * static_cast<std::uint64_t>(core::volume(block.shape())) *
                            core::bytes_of(config.grid.precision);
    if (config.output.enabled) {
        if (config.output.layout == config::Layout::shared && ranks > 1)
            with_place(config, "output.codec", [&] { check_shared_layout(config); });
        plan.writer_bytes = with_place(config, "output.chunk", [&] {
            return writer_memory(config, store::make_layout(config, block), plan.io_threads);
        });
        const std::uint64_t frame_bytes =
            config.output.fields.size() *
            static_cast<std::uint64_t>(core::volume(config.grid.shape)) *
            core::bytes_of(config.grid.precision);
        plan.raw_bytes =
            saturating_product(static_cast<std::uint64_t>(config.total_frames()), frame_bytes);
    }
    with_place(config, "grid.shape",
               [&] { check_memory(config, plan, node, tiling.fixed != kernel::Tiling{}); });
    return plan;
}

std::string describe(const config::Config& config, const Plan& plan) {
    const int dims = config.grid.dims;
    const auto sizes = [dims](const core::Extents& n, const char* separator) {
        return dims == 3 ? fmt::format("{}{}{}{}{}", n[0], separator, n[1], separator, n[2])
                         : fmt::format("{}{}{}", n[1], separator, n[2]);
    };
    const store::FrameLayout layout = store::make_layout(config, largest_block(plan.grid));
    const Index ranks = static_cast<Index>(plan.grid.size());
    std::string text;
    const auto row = [&text](const char* name, const std::string& value) {
        text += fmt::format("{:<12} {}\n", name, value);
    };
    row("grid", fmt::format("{} cells, {}, {}", sizes(config.grid.shape, " x "),
                            core::name_of(config.grid.precision),
                            kernel::info(config.physics.stencil).name));
    row("ranks", fmt::format("{} as {}, largest block {} cells", ranks,
                             sizes(plan.grid.shape(), " x "), sizes(layout.block.shape(), " x ")));
    row("threads", fmt::format("{} computing and {} compressing per rank", plan.compute_threads,
                               plan.io_threads));
    row("memory",
        fmt::format("{} per rank ({} simulation, {} checkpoint, {} output)",
                    core::format_size(plan.rank_bytes()), core::format_size(plan.simulation_bytes),
                    core::format_size(plan.checkpoint_bytes),
                    core::format_size(plan.writer_bytes)));
    row("steps",
        fmt::format("{} in {} frames of {}", config.time.frames * config.time.steps_per_frame,
                    config.time.frames, config.time.steps_per_frame));
    row("stability", fmt::format("{:.3g} (at most 2)", kernel::stability_number(config.physics)));
    if (!config.output.enabled) {
        row("output", "none");
        return text;
    }
    row("output", fmt::format("{} of raw frames in {}, {}", core::format_size(plan.raw_bytes),
                              config.output.directory, describe_files(config, ranks)));
    row("chunks", fmt::format("{} cells, {} each, {} per frame and rank, {}",
                              sizes(layout.chunk, " x "), core::format_size(layout.chunk_bytes()),
                              layout.chunks(), codec::to_string(config.output.codec)));
    return text;
}

} // namespace morphogen::run
