#include "morphogen/rework/stats.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace app {
namespace {

namespace rework = morphogen::rework;

struct Options {
    std::string in;
    std::string out;
    bool json = false;
    ReworkOptions rework;
    rework::StatsOptions stats;
};

void stats(const Options& options) {
    rework::StatsOptions wanted = options.stats;
    wanted.out = options.out;
    wanted.budget = options.rework.budget();
    const auto reader = rework::open_dataset(options.in, options.rework.dataset_name());
    const auto result = make_file("reading: chunk", wanted.budget,
                                  [&] { return rework::compute_stats(*reader, wanted); });
    fmt::print("{}", options.json ? to_json(result) : to_text(result));
}

} // namespace

void add_stats(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "stats", "per frame min, max, mean, variance and histogram; over all frames the proper "
                 "orthogonal decomposition");
    add_input(*command, options->in);
    add_json(*command, options->json);
    command
        ->add_option("--bins", options->stats.bins,
                     "of the histogram, between the smallest and the largest value (default: 64)")
        ->type_name("N")
        ->check(CLI::Range(1, 65536));
    command
        ->add_option("--modes", options->stats.modes,
                     "to keep of the decomposition of what is left when each cell's mean over time "
                     "is subtracted; 0: no decomposition (default: 10)")
        ->type_name("N")
        ->check(CLI::Range(0, 1000000));
    command
        ->add_option("-o,--output", options->out,
                     "everything as HDF5, with modes, coefficients and the mean over time")
        ->type_name("OUT.h5");
    add_force(*command, options->stats.replace);
    add_dataset(*command, options->rework);
    add_budget(*command, options->rework);
    command->callback([options] { stats(*options); });
}

} // namespace app
