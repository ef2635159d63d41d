#include "morphogen/core/error.hpp"

#include "rework/gather_plan.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <regex>

namespace morphogen::rework {
namespace {

std::regex compile(const std::string& pattern) {
    try {
        return std::regex(pattern, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& error) {
        throw core::UsageError(core::ErrorText{
            .what = "bad regular expression", .where = pattern, .why = error.what()});
    }
}

/// The first capture, or all of the match where the pattern has none.
std::string key_of(std::string_view path, const std::regex& pattern, const std::string& text) {
    std::cmatch match;
    if (!std::regex_search(path.data(), path.data() + path.size(), match, pattern))
        throw core::UsageError(core::ErrorText{.what = "file belongs to no group",
                                               .where = path,
                                               .why = "--group-by '" + text + "' does not match it",
                                               .advice = "let the pattern match every file"});
    return match.size() > 1 ? match.str(1) : match.str(0);
}

GatherGroups groups_by_number(std::uint64_t files, std::uint64_t size) {
    GatherGroups groups{.counted = true};
    for (std::uint64_t begin = 0; begin < files; begin += size)
        groups.begins.push_back(begin);
    groups.begins.push_back(files);
    return groups;
}

/// In the order in which they first appear, the files of each in the order of the list.
GatherGroups groups_by_pattern(const FileList& files, const std::string& text) {
    const std::regex pattern = compile(text);
    GatherGroups groups{.counted = true};
    std::map<std::string, std::uint64_t> numbers;
    std::vector<std::uint64_t> group(files.size());
    for (std::uint64_t i = 0; i < files.size(); ++i) {
        const auto [it, is_new] = numbers.emplace(key_of(files[i], pattern, text), numbers.size());
        if (is_new) groups.names.push_back(it->first);
        group[i] = it->second;
    }
    groups.begins.assign(numbers.size() + 1, 0);
    for (const std::uint64_t g : group)
        ++groups.begins[g + 1];
    std::partial_sum(groups.begins.begin(), groups.begins.end(), groups.begins.begin());
    groups.order.resize(files.size());
    std::vector<std::uint64_t> next(groups.begins.begin(), groups.begins.end() - 1);
    for (std::uint64_t i = 0; i < files.size(); ++i)
        groups.order[next[group[i]]++] = i;
    return groups;
}

} // namespace

std::uint64_t GatherGroups::group_of(std::uint64_t place) const noexcept {
    return static_cast<std::uint64_t>(std::upper_bound(begins.begin(), begins.end(), place) -
                                      begins.begin()) -
           1;
}

namespace {

GatherGroups grouped(const FileList& files, const GatherOptions& options) {
    if (options.group_size < 0)
        throw core::UsageError(core::ErrorText{.what = "groups need at least one file"});
    if (options.group_size > 0 && !options.group_by.empty())
        throw core::UsageError(core::ErrorText{.what = "groups by number and by pattern at once",
                                               .advice = "give one of the two"});
    if (!options.group_by.empty()) return groups_by_pattern(files, options.group_by);
    if (options.group_size > 0)
        return groups_by_number(files.size(), static_cast<std::uint64_t>(options.group_size));
    GatherGroups one = groups_by_number(files.size(), files.size());
    one.counted = options.reduction != Reduction::stack;
    return one;
}

} // namespace

GatherGroups make_groups(const FileList& files, const GatherOptions& options) {
    GatherGroups groups = grouped(files, options);
    for (std::uint64_t g = 0; g < groups.size(); ++g)
        groups.largest_group = std::max(groups.largest_group, groups.files(g));
    return groups;
}

} // namespace morphogen::rework
