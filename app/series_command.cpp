#include "morphogen/core/error.hpp"
#include "morphogen/rework/series.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace app {
namespace {

namespace rework = morphogen::rework;

struct Options {
    std::string in;
    std::string out;
    std::vector<std::string> at;
    std::string points;
    bool replace = false;
    ReworkOptions rework;
};

void series(const Options& options) {
    rework::SeriesOptions wanted{
        .out = options.out, .replace = options.replace, .budget = options.rework.budget()};
    for (const std::string& point : options.at)
        wanted.points.push_back(rework::parse_point(point));
    if (!options.points.empty())
        for (const auto& point : rework::read_points(options.points))
            wanted.points.push_back(point);
    if (wanted.points.empty())
        throw morphogen::core::UsageError(morphogen::core::ErrorText{
            .what = "no points are given", .advice = "use --at Y,X or --points FILE"});
    const auto reader = rework::open_dataset(options.in, options.rework.dataset_name());
    const auto result = make_file("reading: frame", wanted.budget,
                                  [&] { return rework::write_series(*reader, wanted); });
    if (!options.out.empty())
        fmt::print("{} points, {} frames, {} chunks decoded, {:.2f} s: {}\n", wanted.points.size(),
                   result.frames, result.blocks, result.seconds, options.out);
}

} // namespace

void add_series(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "series", "the values at some points of a run or of any HDF5 file, in time order");
    add_input(*command, options->in);
    command
        ->add_option("--at", options->at,
                     "a point, as indices along every axis but time's: 540,960 (3-D: z,y,x); "
                     "repeatable")
        ->type_name("Y,X")
        ->allow_extra_args(false);
    command
        ->add_option("--points", options->points,
                     "a file with one point per line, after those of --at; # begins a comment")
        ->type_name("FILE");
    command
        ->add_option("-o,--output", options->out,
                     "OUT.h5: HDF5, /series [time, point]; any other name: CSV (default: CSV to "
                     "standard output)")
        ->type_name("OUT");
    add_force(*command, options->replace);
    add_dataset(*command, options->rework);
    add_budget(*command, options->rework);
    command->callback([options] { series(*options); });
}

} // namespace app
