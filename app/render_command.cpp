#include "morphogen/rework/colormap.hpp"
#include "morphogen/rework/render.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace app {
namespace {

namespace rework = morphogen::rework;

/// The texts of the command line, read by rework's own parsers.
struct Options {
    std::string input;
    std::string dataset;
    std::string frames;
    std::string range;
    std::string scale;
    std::string slice;
    std::string projection;
    rework::RenderOptions render;
};

rework::RenderOptions parsed(const Options& options) {
    rework::RenderOptions render = options.render;
    if (!options.frames.empty()) render.frames = rework::FrameSelection::parse(options.frames);
    if (!options.range.empty()) render.range = rework::parse_range(options.range);
    if (!options.scale.empty()) render.scale = rework::parse_scale(options.scale);
    if (!options.slice.empty()) render.slice = rework::parse_slice(options.slice);
    if (!options.projection.empty()) render.flatten = rework::parse_projection(options.projection);
    return render;
}

void render(const Options& options) {
    const rework::RenderOptions wanted = parsed(options);
    const auto source = rework::open_frames(
        options.input, options.dataset.empty() ? std::nullopt : std::optional(options.dataset));
    const rework::RenderResult result = rework::render_frames(*source, wanted);
    const std::string names = result.pictures > 1 && result.first != result.last
                                  ? result.first.native() + " ... " + result.last.native()
                                  : result.first.native();
    fmt::print("{} frame(s), {} x {} pixels, values {:.4g} to {:.4g}: {}\n", result.pictures,
               result.width, result.height, result.range.low, result.range.high, names);
}

} // namespace

void add_render(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "render", "pictures (PNG) or a movie of the frames of a run, or of any HDF5 file");
    command->add_option("INPUT", options->input, "a run's directory or an HDF5 file")->required();
    command
        ->add_option(
            "-o,--output", options->render.output,
            "'x.png': one picture; 'img/%05d.png': one per frame; 'x.mp4': a movie (needs ffmpeg)")
        ->required();
    command->add_option("--dataset", options->dataset,
                        "which one (default: /v, or the only one with frames)");
    command->add_option(
        "--frames", options->frames,
        "A:B:S as in Python, or one number; -1 is the last (default: all; one picture: the last)");
    command->add_option("--range", options->range,
                        "A,B: values at the colour map's ends (default: those of the frames)");
    std::string names;
    for (const auto name : rework::colormap_names())
        names += (names.empty() ? "" : ", ") + std::string(name);
    command->add_option("--colormap", options->render.colormap, names);
    command->add_option("--scale", options->scale,
                        "pixels per cell: 3 magnifies, 1/4 averages 4 x 4 cells");
    CLI::Option* slice = command->add_option("--slice", options->slice,
                                             "z=K: that plane of 3-D frames (default: the middle)");
    command->add_option("--project", options->projection, "max: the largest value along z")
        ->excludes(slice);
    command->add_option("--fps", options->render.frames_per_second, "frames per second of a movie")
        ->check(CLI::PositiveNumber);
    command->callback([options] { render(*options); });
}

} // namespace app
