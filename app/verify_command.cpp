#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/rework/verify.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace app {
namespace {

namespace core = morphogen::core;
namespace rework = morphogen::rework;

struct Options {
    std::string path;
    bool json = false;
    ReworkOptions work;
};

void print_json(const rework::VerifyResult& result, const std::vector<std::string>& problems) {
    core::JsonWriter json;
    json.begin_object()
        .member("files", result.files)
        .member("datasets", result.datasets)
        .member("chunks", result.blocks)
        .member("chunks_unwritten", result.unwritten)
        .member("bytes_raw", result.raw_bytes)
        .member("checkpoints", result.checkpoints)
        .member("external_links", result.external_links);
    const auto list = [&](const char* name, const std::vector<std::string>& lines) {
        json.key(name).begin_array();
        for (const std::string& line : lines)
            json.value(line);
        json.end_array();
    };
    list("problems", problems);
    list("unchecked", result.unchecked);
    fmt::print("{}\n", json.end_object().take());
}

void print_text(const rework::VerifyResult& result) {
    for (const std::string& line : result.unchecked)
        print_note("not checked: " + line);
    fmt::print("{} file(s), {} dataset(s), {} in {} chunks", result.files, result.datasets,
               core::format_size(result.raw_bytes), result.blocks);
    if (result.unwritten > 0) fmt::print(" ({} of them never written: fill)", result.unwritten);
    if (result.checkpoints > 0) fmt::print(", {} checkpoint(s)", result.checkpoints);
    if (result.external_links > 0)
        fmt::print(", {} external link(s) followed", result.external_links);
    if (result.problems == 0)
        fmt::print(": all right");
    else
        fmt::print(": {} problem(s)", result.problems);
    if (!result.unchecked.empty()) fmt::print(", {} not checked", result.unchecked.size());
    fmt::print("\n");
}

int verify(const Options& options) {
    rework::ReworkBudget budget = options.work.budget();
    std::vector<std::string> problems;
    rework::VerifyResult result;
    {
        ProgressLine line;
        budget.progress = line.of("verifying: file");
        result = rework::verify(options.path, budget, [&](const std::string& problem) {
            print_error(problem);
            if (options.json) problems.push_back(problem);
        });
    }
    if (options.json)
        print_json(result, problems);
    else
        print_text(result);
    return result.problems == 0 ? 0 : 1;
}

} // namespace

void add_verify(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "verify", "decode every chunk of a run or of any HDF5 file, check every checksum, find "
                  "missing chunks, frames and parts; exit 1 if something is wrong");
    add_input(*command, options->path, "PATH");
    add_budget(*command, options->work);
    add_json(*command, options->json);
    command->callback([options, &program] { program.exit_code = verify(*options); });
}

} // namespace app
