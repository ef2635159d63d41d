#include "morphogen/core/memory.hpp"
#include "morphogen/rework/colormap.hpp"
#include "morphogen/rework/render.hpp"
#include "morphogen/run/progress.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace app {
namespace {

namespace rework = morphogen::rework;
using morphogen::core::Index;

/// The texts of the command line, read by rework's own parsers.
struct Options {
    std::string input;
    std::string dataset;
    std::string frames;
    std::string range;
    std::string scale;
    std::string slice;
    std::string projection;
    ReworkOptions shared;
    bool json = false;
    rework::RenderOptions render;
};

rework::RenderOptions parsed(const Options& options) {
    rework::RenderOptions render = options.render;
    if (!options.frames.empty()) render.frames = rework::FrameSelection::parse(options.frames);
    if (!options.range.empty()) render.range = rework::parse_range(options.range);
    if (!options.scale.empty()) render.scale = rework::parse_scale(options.scale);
    if (!options.slice.empty()) render.slice = rework::parse_slice(options.slice);
    if (!options.projection.empty()) render.flatten = rework::parse_projection(options.projection);
    const rework::ReworkBudget budget = options.shared.budget();
    render.memory = std::max<std::uint64_t>(budget.memory, 1); // 0 means the default there
    render.threads = budget.threads;
    return render;
}

void print_text(const rework::RenderResult& result) {
    const std::string names = result.pictures > 1 && result.first != result.last
                                  ? result.first.native() + " ... " + result.last.native()
                                  : result.first.native();
    fmt::print("{} {}, {} x {} pixels, values {:.4g} to {:.4g}, {}, {:.1f} s: {}\n",
               result.pictures, result.pictures == 1 ? "frame" : "frames", result.width,
               result.height, result.range.low, result.range.high,
               morphogen::core::format_size(result.bytes), result.seconds, names);
}

void render(const Options& options) {
    expect_one_process();
    rework::RenderOptions wanted = parsed(options);
    morphogen::run::Progress progress(stderr);
    wanted.progress = [&](rework::RenderStage stage, Index done, Index all) {
        progress.update(stage == rework::RenderStage::range ? "looking for the range: frame"
                                                            : "painting: frame",
                        done, all);
    };
    const auto source = rework::open_frames(
        options.input, options.dataset.empty() ? std::nullopt : std::optional(options.dataset));
    rework::RenderResult result;
    try {
        result = rework::render_frames(*source, wanted);
    } catch (...) {
        progress.finish();
        throw;
    }
    progress.finish();
    if (options.json)
        fmt::print("{}", to_json(result));
    else
        print_text(result);
}

std::string listed_colormaps() {
    std::string names;
    for (const auto name : rework::colormap_names())
        names += (names.empty() ? "" : ", ") + std::string(name);
    return names;
}

void add_picture_options(CLI::App& command, Options& options) {
    command
        .add_option("--frames", options.frames,
                    "which, as in Python: A:B:S or one number, -1 is the last (default: all; for "
                    "one picture the last)")
        ->type_name("A:B:S");
    command
        .add_option("--range", options.range,
                    "the values at the colour map's two ends (default: the smallest and the "
                    "largest of the cells shown, over all the frames)")
        ->type_name("A,B");
    command
        .add_option("--colormap", options.render.colormap,
                    listed_colormaps() + "; each reversed with -r appended (default: " +
                        std::string(rework::colormap_names().front()) + ")")
        ->type_name("NAME");
    command
        .add_option("--scale", options.scale,
                    "pixels per cell: 3 paints each cell 3 x 3, 1/4 (or 0.25) averages 4 x 4 cells "
                    "into a pixel; up to 64, down to 1/64")
        ->type_name("N");
    CLI::Option* slice = command
                             .add_option("--slice", options.slice,
                                         "3-D: the plane z = K, negative from the end (default: "
                                         "the middle one)")
                             ->type_name("z=K");
    command.add_option("--project", options.projection, "3-D: max, the largest value along z")
        ->type_name("max")
        ->excludes(slice);
    command
        .add_option("--fps", options.render.frames_per_second,
                    "frames per second of a movie (default: 30)")
        ->type_name("N")
        ->check(CLI::Range(0.01, 1000.0));
}

} // namespace

void add_render(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "render", "pictures (PNG) or a movie of the frames of a run, or of any HDF5 file");
    add_input(*command, options->input);
    command
        ->add_option("-o,--output", options->render.output,
                     "'x.png': one picture; 'img/%05d.png': one per frame, numbered as in the "
                     "file; 'x.mp4' (.mov, .mkv, .webm): a movie (needs ffmpeg; odd sides get one "
                     "pixel more)")
        ->required()
        ->type_name("NAME");
    command
        ->add_option("--dataset", options->dataset,
                     "the one with the frames, axes time, (z,) y, x (default: /v, else /u, else "
                     "the only one with such axes)")
        ->type_name("PATH");
    add_picture_options(*command, *options);
    add_budget(*command, options->shared);
    add_json(*command, options->json);
    command->callback([options] { render(*options); });
}

} // namespace app
