#include "morphogen/core/json.hpp"
#include "morphogen/rework/diff.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

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

/// A number as one; what JSON has no number for (nan, inf) and what is none as text.
void add_value(core::JsonWriter& json, const std::string& text) {
    const auto try_as = [&](auto value) {
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        if (error != std::errc{} || stop != end) return false;
        if constexpr (std::is_floating_point_v<decltype(value)>)
            if (!std::isfinite(value)) return false;
        json.value(value);
        return true;
    };
    if (!try_as(std::int64_t{}) && !try_as(std::uint64_t{}) && !try_as(0.0)) json.value(text);
}

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
        json.end_array().key("a");
        add_value(json, difference->a);
        json.key("b");
        add_value(json, difference->b);
        json.end_object();
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
        if (!d.differs()) continue;
        if (!d.why.empty()) {
            fmt::print("{}: {}\n", d.path, d.why);
            continue;
        }
        fmt::print("{}: {} elements differ\n", d.path, d.different);
        element("first", *d.first);
        if (d.largest) element("largest", *d.largest);
    }
    const auto count = [&](auto&& holds) {
        return std::count_if(differences.begin(), differences.end(), holds);
    };
    fmt::print("{} of {} datasets are the same", count([](const auto& d) { return d.same(); }),
               differences.size());
    if (const auto skipped = count([](const auto& d) { return !d.skipped.empty(); }))
        fmt::print(", {} could not be compared", skipped);
    fmt::print("\n");
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
    for (const auto& d : differences)
        if (!d.skipped.empty()) print_note(fmt::format("not compared: {} ({})", d.path, d.skipped));
    if (options.json)
        print_json(differences);
    else
        print_text(differences);
    const bool differ = std::any_of(differences.begin(), differences.end(),
                                    [](const auto& d) { return d.differs(); });
    return differ ? 1 : 0;
}

} // namespace

void add_diff(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("diff", "first and largest difference of the datasets of two files, by "
                                   "value (not of their attributes); exit 0 if there is none, 1 if "
                                   "they differ");
    add_input(*command, options->a, "A");
    add_input(*command, options->b, "B");
    command->add_option(
        "--dataset", options->diff.datasets,
        "which ones (default: all; one that only one file has is a difference; what "
        "cannot be compared is told, and refused with exit 2 if it is named, or "
        "there is nothing else)");
    command->add_option("--tolerance", options->diff.tolerance,
                        "between numbers, a difference up to this is none (default: 0)");
    add_budget(*command, options->work);
    add_json(*command, options->json);
    command->callback([options, &program] { program.exit_code = diff(*options); });
}

} // namespace app
