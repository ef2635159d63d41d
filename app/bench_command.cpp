#include "morphogen/bench/bench.hpp"
#include "morphogen/bench/scratch_guard.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/environment.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <memory>

namespace app {
namespace {

using namespace morphogen;

struct Options {
    std::vector<std::string> names;
    std::vector<std::string> compared; // two files, or none
    bench::BenchOptions bench;
};

/// CLI::PositiveNumber lets NaN pass, with which nothing ends.
std::string is_duration(const std::string& text) {
    double seconds = 0.0;
    if (CLI::detail::lexical_cast(text, seconds) && std::isfinite(seconds) && seconds > 0.0)
        return {};
    return fmt::format("'{}' is no number of seconds above 0", text);
}

/// As a rank of several; a failure of one ends the job, since the others may wait for it.
int measure_as_rank(Program& program, Options& options) {
    const mpi::Environment environment(program.argc, program.argv, mpi::ThreadLevel::funneled);
    const mpi::Communicator world = mpi::Communicator::world();
    options.bench.ranks = &world;
    try {
        bench::run_benchmarks(options.names, options.bench, std::cout);
        return static_cast<int>(core::ExitCode::done);
    } catch (const core::UsageError& e) { // of the names: on every rank
        if (world.is_root()) print_error(e.what());
        return static_cast<int>(e.exit_code());
    } catch (const std::exception& e) {
        print_error(e.what());
        world.abort(static_cast<int>(core::ExitCode::failed));
    }
}

void measure(Program& program, Options& options) {
    if (options.compared.size() == 2) {
        if (!options.names.empty())
            throw core::UsageError(
                core::ErrorText{.what = "--compare measures nothing",
                                .where = options.names.front(),
                                .advice = "give it two files of bench NAME --json alone"});
        for (const std::string& warning : bench::compare_files(
                 options.compared[0], options.compared[1], options.bench.json, std::cout))
            print_note(warning);
    } else if (options.names.empty()) {
        throw core::UsageError(
            core::ErrorText{.what = "nothing to measure",
                            .advice = "name a measurement, or all; see morphogen bench --help"});
    } else {
        const bench::ScratchGuard guard; // before MPI or OpenMP begin threads
        if (mpi::launched_by_mpi())
            program.exit_code = measure_as_rank(program, options);
        else
            bench::run_benchmarks(options.names, options.bench, std::cout);
    }
}

} // namespace

void add_bench(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "bench", "measure this build on this machine, against the machine's own limits");
    std::string footer = "\nMeasurements:\n";
    for (const auto& benchmark : bench::benchmarks())
        footer += fmt::format("  {:<10} {}\n", benchmark.name, benchmark.description);
    command->footer(footer +
                    fmt::format("  {:<10} every one of them, in about five minutes", "all"));
    command->add_option("NAME", options->names, "what to measure");
    command->add_flag("--json", options->bench.json, "print one JSON object instead of tables");
    command
        ->add_option("--compare", options->compared,
                     "measure nothing: compare two files that --json printed, such as two builds'")
        ->type_name("FILE FILE")
        ->expected(2);
    command
        ->add_option("--repeats", options->bench.repeats,
                     "measure so often and show medians; from 3 on --compare knows the noise")
        ->check(CLI::Range(1, 1000));
    command->add_option("--threads", options->bench.threads, "threads (default: every core)")
        ->check(CLI::Range(1, 4096));
    command->add_option("--directory", options->bench.directory,
                        "where files are written (default: the system's temporary directory)");
    command
        ->add_option(
            "--seconds", options->bench.seconds,
            fmt::format("spent on each number, roughly (default: {}; kernel measures every "
                        "stencil at every size from 1 on); below {} everything is made "
                        "small, only to try it out",
                        bench::BenchOptions{}.seconds, bench::brief_below))
        ->check(is_duration);
    command->callback([options, &program] { measure(program, *options); });
}

} // namespace app
