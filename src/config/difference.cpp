#include "morphogen/config/difference.hpp"

#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace morphogen::config {
namespace {

/// Tables of which every key counts, and single keys.
constexpr std::array<std::string_view, 3> tables{"grid", "model", "initial"};
constexpr std::array<std::string_view, 5> keys{"time.steps_per_frame", "time.initial_frame",
                                               "output.fields", "output.keep_bits",
                                               "output.max_error"};

bool decides_content(std::string_view table, const std::string& key) {
    return std::find(tables.begin(), tables.end(), table) != tables.end() ||
           std::find(keys.begin(), keys.end(), key) != keys.end();
}

} // namespace

std::vector<Difference> content_differences(const Config& before, const Config& after) {
    std::vector<Difference> found;
    for_each_table([&](std::string_view table, std::string_view, auto member, const auto& rules) {
        for (const auto& rule : rules) {
            std::string key = std::string(table) + '.' + std::string(rule.name);
            if (!decides_content(table, key)) continue;
            std::string a = rule.rule.print(before.*member, before);
            std::string b = rule.rule.print(after.*member, after);
            if (a != b) found.push_back({std::move(key), std::move(a), std::move(b)});
        }
    });
    return found;
}

} // namespace morphogen::config
