#include "morphogen/config/load.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/run/run.hpp"
#include "morphogen/run/signals.hpp"
#include "morphogen/store/run_directory.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

namespace app {
namespace {

using namespace morphogen;

struct Options {
    std::string file;
    std::vector<std::string> overrides;
    bool force = false;
    bool resume = false;
};

/// The run writes its resolved copy as config.toml: never over what somebody wrote by hand.
void keep_own_file(const config::Config& config, const std::string& resolved,
                   const std::filesystem::path& file) {
    const auto copy = store::RunDirectory{config.output.directory}.config();
    std::error_code apart; // neither being there, or only one
    if (!std::filesystem::equivalent(file, copy, apart) || apart) return;
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text == resolved || text == config::to_toml(config::load(file))) return; // a run's own
    throw core::UsageError(
        core::ErrorText{.what = "the run would overwrite its own configuration",
                        .where = file.native(),
                        .why = "the resolved one is stored under that name in output.directory",
                        .advice = "rename the file, or set another output.directory"});
}

/// Rank 0 reads the file, so that its errors are printed once and every rank runs the same
/// configuration.
config::Config load_on_root(const mpi::Communicator& world, const Options& options) {
    config::Config config;
    std::string resolved;
    mpi::run_collectively(world, [&] {
        if (world.rank() != 0) return;
        config = config::load(options.file, options.overrides);
        resolved = config::to_toml(config);
        keep_own_file(config, resolved, options.file);
    });
    world.broadcast(resolved);
    return world.rank() == 0 ? config : config::parse(resolved, options.file);
}

void check_thread_level(const config::Config& config, const mpi::Environment& environment,
                        int ranks) {
    if (ranks == 1 || config.output.layout != config::Layout::shared || !config.output.enabled)
        return;
    if (environment.granted() == mpi::ThreadLevel::multiple) return;
    throw core::UsageError(
        core::ErrorText{.what = "output.layout = \"shared\" needs MPI_THREAD_MULTIPLE",
                        .why = "this MPI library does not grant it",
                        .advice = "use layout = \"parts\", or an MPI built with thread support"});
}

int run_ranks(const mpi::Environment& environment, const mpi::Communicator& world,
              const Options& options, const core::Stopwatch& started) {
    const bool root = world.rank() == 0;
    try {
        const config::Config config = load_on_root(world, options);
        mpi::run_collectively(world,
                              [&] { check_thread_level(config, environment, world.size()); });
        run::RunOptions run_options;
        run_options.resume = options.resume;
        run_options.force = options.force;
        run_options.progress = run::Progress::Mode::automatic;
        run_options.stop_signal = run::SignalWatch::stop_signal;
        run_options.checkpoint_request = run::SignalWatch::take_checkpoint_request;
        run_options.note = print_note;
        run_options.started = started;
        const run::Report report = run::run_simulation(config, world, run_options);
        if (root) fmt::print("{}", run::summary(report));
        if (report.exit == "finished") return static_cast<int>(core::ExitCode::done);
        if (root) print_error(report.error);
        return static_cast<int>(core::ExitCode::stopped);
    } catch (const mpi::AgreedError& e) {
        if (root) print_error(e.what());
        return static_cast<int>(e.exit_code());
    } catch (const std::exception& e) {
        // Only this rank knows: the others may wait for it for ever, so the job ends here.
        print_error(world.size() > 1 ? fmt::format("{} (rank {})", e.what(), world.rank())
                                     : std::string(e.what()));
        const auto* known = dynamic_cast<const core::Error*>(&e);
        const int code = static_cast<int>(known ? known->exit_code() : core::ExitCode::failed);
        if (world.size() > 1) world.abort(code);
        return code;
    }
}

} // namespace

void add_run(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("run", "run a simulation; alone, or under mpirun or srun");
    command->add_option("CONFIG", options->file, "a configuration (TOML)")->required();
    add_overrides(*command, options->overrides);
    command->add_flag(
        "--force", options->force,
        "replace the run that the output directory already holds; with --resume: go on "
        "although the checkpoint was computed with another kind of instruction set");
    command->add_flag(
        "--resume", options->resume,
        "go on with the run in the output directory from its last checkpoint; start it "
        "if there is none");
    command->callback([options, &program] {
        const core::Stopwatch started;
        const run::SignalWatch
            signals; // first: a stop that is asked for while MPI starts counts too
        // Open MPI's default MPI-IO component can hang under HDF5 1.10 (HDFGroup/hdf5 issue 1227);
        // its ROMIO, which is called otherwise in each version (romio321, romio341), does not. A
        // choice of the user's stays; other MPI libraries do not know the variable.
        ::setenv("OMPI_MCA_io", "^ompio", 0);
        mpi::Environment environment(program.argc, program.argv, mpi::ThreadLevel::multiple);
        const mpi::Communicator world = mpi::Communicator::world();
        program.exit_code = run_ranks(environment, world, *options, started);
    });
}

} // namespace app
