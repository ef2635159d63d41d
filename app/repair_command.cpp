#include "morphogen/core/error.hpp"
#include "morphogen/store/directory_lock.hpp"
#include "morphogen/store/repair.hpp"

#include "commands.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

namespace app {
namespace {

namespace core = morphogen::core;
namespace store = morphogen::store;

struct Options {
    std::string path;
    bool dry_run = false;
};

int repair(const Options& options) {
    std::error_code failed;
    const auto status = std::filesystem::status(options.path, failed);
    if (!std::filesystem::exists(status))
        throw core::UsageError(core::ErrorText{.what = "no such file or directory",
                                               .where = options.path,
                                               .why = failed ? failed.message() : "",
                                               .advice = "give a run's directory or an HDF5 file"});
    const auto mode = options.dry_run ? store::RepairMode::show : store::RepairMode::repair;
    const auto tell = [&](const std::string& action) {
        fmt::print("{}{}\n", options.dry_run ? "would " : "", action);
        std::fflush(stdout); // told before it is done
    };
    const bool is_directory = std::filesystem::is_directory(status);
    if (is_directory && !store::RunDirectory{options.path}.holds_run())
        throw core::UsageError(core::ErrorText{.what = "the directory holds no run",
                                               .where = options.path,
                                               .advice = "give a run's directory or an HDF5 file"});
    // Not beside a run that writes: the lock is on the directory, a part's run is one above parts/,
    // by whatever link it is reached.
    std::filesystem::path directory = is_directory
                                          ? std::filesystem::path(options.path)
                                          : std::filesystem::canonical(options.path).parent_path();
    if (!is_directory && directory.filename() == "parts") directory = directory.parent_path();
    const store::DirectoryLock lock(directory);
    const store::RepairReport report =
        is_directory ? store::repair_run(store::RunDirectory{options.path}, mode, tell)
                     : store::repair_file(options.path, mode, tell);
    for (const std::string& problem : report.problems)
        print_error(problem);
    fmt::print("{} frame(s) committed, {} action(s){}", report.committed, report.actions.size(),
               options.dry_run ? " to do" : "");
    if (report.problems.empty())
        fmt::print(": {}\n", report.actions.empty() ? "nothing to repair" : "all right");
    else
        fmt::print(": {} problem(s) that it cannot mend\n", report.problems.size());
    return report.problems.empty() ? 0 : 1;
}

} // namespace

void add_repair(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "repair",
        "make the files of a killed run open with stock tools; loses no committed frame; "
        "nothing may be writing to them; exit 1 if something is left that it cannot mend");
    command->add_option("PATH", options->path, "a run's directory or an HDF5 file")->required();
    command->add_flag("--dry-run", options->dry_run, "tell what would be done, change nothing");
    command->callback([options, &program] { program.exit_code = repair(*options); });
}

} // namespace app
