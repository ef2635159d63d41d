#include "rework_options.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/run/progress.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace app {

namespace core = morphogen::core;

morphogen::rework::ReworkBudget ReworkOptions::budget() const {
    morphogen::rework::ReworkBudget budget;
    budget.threads = threads > 0 ? threads : morphogen::parallel::usable_cores();
    budget.memory = memory.empty() ? core::usable_memory() / 4 / static_cast<std::uint64_t>(sharers)
                                   : core::parse_size(memory);
    return budget;
}

std::optional<std::string> ReworkOptions::dataset_name() const {
    return dataset.empty() ? std::nullopt : std::optional(dataset);
}

void add_input(CLI::App& command, std::string& path, const char* name) {
    command.add_option(name, path, "a run's directory or an HDF5 file")->required();
}

void add_force(CLI::App& command, bool& replace) {
    command.add_flag("--force", replace, "replace OUT if it is there");
}

void add_json(CLI::App& command, bool& json) {
    command.add_flag("--json", json, "print one JSON object");
}

void add_budget(CLI::App& command, ReworkOptions& options) {
    command
        .add_option("--memory", options.memory,
                    "the most to hold at once, such as 512MiB (default: a quarter of what the "
                    "process may use)")
        ->type_name("SIZE");
    command.add_option("--threads", options.threads, "threads (default: every core)")
        ->type_name("N")
        ->check(CLI::Range(1, 4096));
}

void add_dataset(CLI::App& command, ReworkOptions& options) {
    command
        .add_option("--dataset", options.dataset,
                    "which one (default: /v or /u of a run, else the only one of numbers with two "
                    "axes or more)")
        ->type_name("PATH");
}

void expect_one_process() {
    if (const int ranks = morphogen::mpi::launched_ranks(); ranks > 1)
        throw morphogen::core::UsageError(morphogen::core::ErrorText{
            .what = "this command is for one process",
            .why = fmt::format("{} were started", ranks),
            .advice = "start it without mpirun or srun; `run` and `rechunk` share their work "
                      "between ranks"});
}

struct ProgressLine::Line {
    morphogen::run::Progress progress{stderr};
};

ProgressLine::ProgressLine() : line_(std::make_unique<Line>()) {}
ProgressLine::~ProgressLine() {
    line_->progress.finish();
}

std::function<void(core::Index, core::Index)> ProgressLine::of(const char* what) {
    return [line = line_.get(), what](core::Index done, core::Index all) {
        line->progress.update(what, done, all);
    };
}

} // namespace app
