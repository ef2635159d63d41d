#include "morphogen/rework/stats.hpp"

#include "clean_up_on_signal.hpp"
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
    const rework::Stats result = [&] {
        const CleanUpOnSignal clean_up;
        ProgressLine progress;
        wanted.budget.progress = progress.of("reading: chunk");
        return rework::compute_stats(*reader, wanted);
    }();
    fmt::print("{}", options.json ? to_json(result) : to_text(result));
}

} // namespace

void add_stats(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "stats", "per frame min, max, mean, variance and histogram; over all frames the proper "
                 "orthogonal decomposition");
    command->add_option("IN", options->in, "a run's directory or an HDF5 file")->required();
    command->add_flag("--json", options->json, "print one JSON object, with the histogram");
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
    command->add_flag("--force", options->stats.replace, "replace OUT if it is there");
    add_dataset(*command, options->rework);
    add_budget(*command, options->rework);
    command->callback([options] { stats(*options); });
}

} // namespace app
