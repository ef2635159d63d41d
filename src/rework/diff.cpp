#include "morphogen/rework/diff.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/info.hpp"

#include "rework/compare_datasets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using store::FileReader;

std::string absolute(const std::string& name) {
    return name.starts_with('/') ? name : "/" + name;
}

/// A dataset that was asked for by name, or all of them, must not pass as the same unseen.
void refuse_unseen(const std::vector<DatasetDifference>& results, const DiffOptions& options,
                   const fs::path& file) {
    const auto is_skipped = [](const DatasetDifference& d) { return !d.skipped.empty(); };
    const bool none = !results.empty() && std::all_of(results.begin(), results.end(), is_skipped);
    if (options.datasets.empty() && !none) return;
    const auto skipped = std::find_if(results.begin(), results.end(), is_skipped);
    if (skipped == results.end()) return;
    const std::string where = fmt::format("{}, {}", file.native(), skipped->path);
    throw core::UsageError(core::ErrorText{.what = "cannot compare dataset",
                                           .where = where,
                                           .why = skipped->skipped,
                                           .advice = none ? "nothing else could be compared" : ""});
}

} // namespace

std::vector<DatasetDifference> diff(const fs::path& a, const fs::path& b,
                                    const DiffOptions& options) {
    if (!(options.tolerance >= 0.0) || std::isinf(options.tolerance))
        throw core::UsageError(core::ErrorText{.what = "bad tolerance",
                                               .where = fmt::format("{}", options.tolerance),
                                               .advice = "give a number, at least 0"});
    const auto file_a = std::make_shared<const FileReader>(data_file(a));
    const auto file_b = std::make_shared<const FileReader>(data_file(b));
    std::set<std::string> outward; // external links to anything but a dataset
    const auto paths_of = [&](const FileReader& file) {
        store::FileContents contents =
            options.datasets.empty() ? file.whole_contents() : file.contents();
        std::vector<std::string> paths = std::move(contents.datasets);
        for (const store::ExternalLink& link : contents.external_links)
            if (file.leads_to_dataset(link))
                paths.push_back(link.path);
            else
                outward.insert(link.path);
        std::sort(paths.begin(), paths.end());
        return paths;
    };
    const auto paths_a = paths_of(*file_a);
    const auto paths_b = paths_of(*file_b);
    std::set<std::string> wanted;
    for (const std::string& name : options.datasets)
        wanted.insert(absolute(name));
    if (wanted.empty()) {
        wanted.insert(paths_a.begin(), paths_a.end());
        wanted.insert(paths_b.begin(), paths_b.end());
    }
    // Behind links to groups is what is named alone.
    const auto is_in = [&](const FileReader& file, const std::vector<std::string>& paths,
                           const std::string& path) {
        return std::binary_search(paths.begin(), paths.end(), path) ||
               (!options.datasets.empty() && file.has_dataset(path));
    };
    std::vector<DatasetDifference> results;
    if (options.datasets.empty())
        for (const std::string& link : outward)
            if (!wanted.contains(link))
                results.push_back(
                    {.path = link,
                     .skipped =
                         "an external link to a group, or to nothing that can be opened; name "
                         "datasets behind it with --dataset"});
    for (const std::string& path : wanted) {
        const bool in_a = is_in(*file_a, paths_a, path);
        const bool in_b = is_in(*file_b, paths_b, path);
        if (!in_a && !in_b) static_cast<void>(file_a->dataset(path)); // says what there is
        if (in_a && in_b)
            results.push_back(compare_datasets(file_a, file_b, path, options));
        else
            results.push_back(
                {.path = path,
                 .why = fmt::format("only in {}", (in_a ? file_a : file_b)->path().native())});
    }
    std::sort(results.begin(), results.end(),
              [](const auto& x, const auto& y) { return x.path < y.path; });
    refuse_unseen(results, options, file_a->path());
    return results;
}

} // namespace morphogen::rework
