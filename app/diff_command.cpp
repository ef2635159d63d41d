#include "morphogen/core/json.hpp"
#include "morphogen/rework/diff.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <string>

namespace app {
namespace {

namespace core = morphogen::core;
namespace rework = morphogen::rework;

struct Options {
    std::string a;
    std::string b;
    bool json = false;
    ReworkOptions work;
    rework::DiffOptions diff;
};

void print_json(const std::vector<rework::DatasetDifference>& differences) {
    core::JsonWriter json;
    json.begin_object().key("datasets").begin_array();
    const auto element = [&](const char* name, const auto& difference) {
        if (!difference) return;
        json.key(name)
            .begin_object(core::JsonLayout::line)
            .key("index")
            .begin_array(core::JsonLayout::line);
        for (const core::Index i : difference->at)
            json.value(i);
        json.end_array().member("a", difference->a).member("b", difference->b).end_object();
    };
    for (const auto& d : differences) {
        json.begin_object().member("path", d.path).member("same", d.same());
        if (!d.why.empty()) json.member("why", d.why);
        if (!d.skipped.empty()) json.member("not_compared", d.skipped);
        json.member("different", d.different);
        element("first", d.first);
        element("largest", d.largest);
        json.end_object();
    }
    fmt::print("{}\n", json.end_array().end_object().take());
}

void print_text(const std::vector<rework::DatasetDifference>& differences) {
    const auto element = [](const char* name, const rework::ElementDifference& e) {
        fmt::print("  {:<8}[{}]  {} and {}\n", name, fmt::join(e.at, ", "), e.a, e.b);
    };
    for (const auto& d : differences) {
        if (!d.skipped.empty()) print_note(fmt::format("not compared: {} ({})", d.path, d.skipped));
        if (d.same()) continue;
        if (!d.why.empty()) {
            fmt::print("{}: {}\n", d.path, d.why);
            continue;
        }
        fmt::print("{}: {} elements differ\n", d.path, d.different);
        element("first", *d.first);
        if (d.largest) element("largest", *d.largest);
    }
    const auto same = std::count_if(differences.begin(), differences.end(),
                                    [](const auto& d) { return d.same(); });
    fmt::print("{} of {} datasets are the same\n", same, differences.size());
}

int diff(const Options& options) {
    rework::DiffOptions wanted = options.diff;
    wanted.budget = options.work.budget();
    std::vector<rework::DatasetDifference> differences;
    {
        ProgressLine line;
        wanted.budget.progress = line.of("comparing: slab");
        differences = rework::diff(options.a, options.b, wanted);
    }
    if (options.json)
        print_json(differences);
    else
        print_text(differences);
    const bool same =
        std::all_of(differences.begin(), differences.end(), [](const auto& d) { return d.same(); });
    return same ? 0 : 1;
}

} // namespace

void add_diff(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("diff", "first and largest difference of the datasets of two files, by "
                                   "value; exit 1 if they differ");
    command->add_option("A", options->a, "a run's directory or an HDF5 file")->required();
    command->add_option("B", options->b, "another")->required();
    command->add_option("--dataset", options->diff.datasets,
                        "which ones (default: all; one that only one file has is a difference)");
    command->add_option("--tolerance", options->diff.tolerance, "a difference up to this is none")
        ->check(CLI::NonNegativeNumber);
    add_budget(*command, options->work);
    command->add_flag("--json", options->json, "print facts as JSON");
    command->callback([options, &program] { program.exit_code = diff(*options); });
}

} // namespace app
