#include "morphogen/config/load.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/run/plan.hpp"
#include "morphogen/store/directory_lock.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_directory.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>

namespace app {
namespace {

namespace store = morphogen::store;

/// A run that the output directory holds already: `run` refuses it.
void tell_of_run(const store::RunDirectory& directory) {
    std::error_code failed;
    if (!std::filesystem::exists(directory.root, failed) || !directory.holds_run()) return;
    if (store::is_locked(directory.root))
        fmt::print("{}: another process is writing a run there: run refuses it until that has "
                   "ended\n",
                   directory.root.native());
    else
        fmt::print("{}: holds a run with {} frame(s) already: run refuses it, unless --resume goes "
                   "on with it or --force replaces it\n",
                   directory.root.native(), store::take_inventory(directory).committed);
}

} // namespace

void add_validate(CLI::App& app, Program&) {
    struct Options {
        std::string file;
        std::vector<std::string> overrides;
        int ranks = 1;
        int ranks_per_node = 0;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("validate", "check a configuration without running it; print the "
                                       "decomposition, memory, files and output size");
    command->add_option("CONFIG", options->file, "a configuration (TOML)")->required();
    add_overrides(*command, options->overrides);
    command->add_option("--ranks", options->ranks, "MPI ranks of the planned run")
        ->check(CLI::Range(1, 1 << 24));
    command
        ->add_option("--ranks-per-node", options->ranks_per_node,
                     "how many of them share a machine (default: all)")
        ->check(CLI::Range(1, 1 << 24));
    command->callback([options] {
        using namespace morphogen;
        const config::Config config = config::load(options->file, options->overrides);
        const int sharing = options->ranks_per_node > 0
                                ? std::min(options->ranks_per_node, options->ranks)
                                : options->ranks;
        const int cores = parallel::usable_cores();
        const run::NodeResources node{.cores = cores,
                                      .share = std::max(cores / sharing, 1),
                                      .ranks = sharing,
                                      .memory = core::usable_memory()};
        const run::Plan plan =
            run::make_plan(config, options->ranks, node,
                           simulation::tiling_policy_from_environment(config.grid.dims));
        for (const auto& file : config.initial.files)
            store::check_initial_file(file, config.grid.shape);
        fmt::print("{}", run::describe(config, plan));
        tell_of_run({config.output.directory});
    });
}

} // namespace app
