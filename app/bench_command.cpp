#include "morphogen/bench/bench.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <iostream>
#include <memory>

namespace app {

void add_bench(CLI::App& app, Program&) {
    struct Options {
        std::vector<std::string> names;
        morphogen::bench::BenchOptions bench;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "bench", "measure this build on this machine, against the machine's own limits");
    std::string footer = "\nMeasurements:\n";
    for (const auto& benchmark : morphogen::bench::benchmarks())
        footer += fmt::format("  {:<10} {}\n", benchmark.name, benchmark.description);
    command->footer(footer + fmt::format("  {:<10} every one of them", "all"));
    command->add_option("NAME", options->names, "what to measure")->required();
    command->add_flag("--json", options->bench.json, "print one JSON object instead of tables");
    command->add_option("--threads", options->bench.threads, "threads (default: every core)")
        ->check(CLI::Range(1, 4096));
    command->add_option("--directory", options->bench.directory,
                        "where files are written (default: the system's temporary directory)");
    command->add_option("--seconds", options->bench.seconds, "spent on each number, roughly")
        ->check(CLI::PositiveNumber);
    command->callback(
        [options] { morphogen::bench::run_benchmarks(options->names, options->bench, std::cout); });
}

} // namespace app
