#pragma once

#include "morphogen/rework/open_dataset.hpp"

#include "clean_up_on_signal.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <string>

/// The options that the commands which read stored data share.
namespace app {

struct ReworkOptions {
    std::string memory; // empty: a quarter of what the process may use
    int threads = 0;    // 0: every core
    int sharers = 1;    // processes that share the machine's memory
    std::string dataset;

    /// Without progress. @throws core::UsageError: not a size
    morphogen::rework::ReworkBudget budget() const;
    std::optional<std::string> dataset_name() const;
};

/// IN, or whatever it is called: a run's directory or an HDF5 file.
void add_input(CLI::App& command, std::string& path, const char* name = "IN");
/// --force, of commands that make a new file.
void add_force(CLI::App& command, bool& replace);
void add_json(CLI::App& command, bool& json);
/// --memory and --threads.
void add_budget(CLI::App& command, ReworkOptions& options);
/// --dataset, one.
void add_dataset(CLI::App& command, ReworkOptions& options);

/// A progress line on stderr while it lives: budget.progress = line.of("decoding: chunk").
class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// @p what must outlive the function.
    std::function<void(morphogen::core::Index, morphogen::core::Index)> of(const char* what);

private:
    struct Line;
    std::unique_ptr<Line> line_;
};

/// For a command that several ranks would all do, and write the same file.
/// @throws morphogen::core::UsageError
void expect_one_process();

/// What @p work returns, with progress while it works, and a signal that removes what it has begun.
template <typename Budget, typename Work>
auto make_file(const char* what, Budget& budget, Work&& work) {
    expect_one_process();
    const CleanUpOnSignal clean_up;
    ProgressLine line;
    budget.progress = line.of(what);
    return work();
}

} // namespace app
