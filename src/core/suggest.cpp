#include "morphogen/core/suggest.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace morphogen::core {
namespace {

constexpr std::size_t no_match = std::numeric_limits<std::size_t>::max();
constexpr std::size_t longest = 200; // bytes: no key is near that; bounds the quadratic work

std::string normalised(std::string_view name) {
    std::string text(name);
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-' || c == ' ') c = '_';
    }
    return text;
}

std::string_view last_part(std::string_view dotted) {
    const auto dot = dotted.rfind('.');
    return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

std::string_view table_part(std::string_view dotted) {
    const auto dot = dotted.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : dotted.substr(0, dot);
}

bool is_alias(std::string_view name, std::string_view aliases) {
    while (!aliases.empty()) {
        const auto end = std::min(aliases.find(' '), aliases.size());
        const std::string alias = normalised(aliases.substr(0, end));
        if (alias == name || (name.size() >= 6 && edit_distance(name, alias) <= 1)) return true;
        aliases.remove_prefix(std::min(end + 1, aliases.size()));
    }
    return false;
}

/// Differences allowed in a name of this length: none in "du", one in a short one, a third of a
/// long one.
std::size_t tolerance(std::size_t length) {
    return length < 3 ? 0 : std::max<std::size_t>(1, length / 3);
}

/// 0 is the same; no_match is too far to be meant.
std::size_t score(std::string_view name, const Candidate& candidate) {
    const std::string wanted = normalised(candidate.name);
    const std::string_view last = last_part(name);
    const std::string_view wanted_last = last_part(wanted);
    const std::size_t elsewhere = table_part(name) == table_part(wanted) ? 0 : 3;
    std::size_t best = no_match;
    if (const auto d = edit_distance(name, wanted); d <= tolerance(last.size())) best = 2 * d;
    if (const auto d = edit_distance(last, wanted_last); d <= tolerance(last.size()))
        best = std::min(best, 2 * d + elsewhere);
    if (is_alias(last, candidate.aliases)) best = std::min(best, 1 + elsewhere);
    const std::string_view start =
        wanted_last.substr(0, last.size() + 1); // "difusion" for diffusion_u
    const bool part =
        last.size() >= 3 && (wanted_last.starts_with(last) || wanted_last.ends_with(last));
    const bool longer =
        last.size() <= wanted_last.size() + 2 && last.starts_with(wanted_last); // plurals
    const bool nearly = last.size() >= 5 && edit_distance(last, start) <= 1;
    if (part || nearly || (longer && wanted_last.size() >= 3)) best = std::min(best, 3 + elsewhere);
    return best;
}

} // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the usual table: a swap of neighbours looks two rows back.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::swap(before, above);
        std::swap(above, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::string_view closest(std::string_view name, std::span<const Candidate> candidates) {
    if (name.size() > longest) return {};
    const std::string wanted = normalised(name);
    std::string_view best;
    std::size_t best_score = no_match;
    for (const Candidate& candidate : candidates) {
        const std::size_t s = score(wanted, candidate);
        if (s < best_score) {
            best_score = s;
            best = candidate.name;
        }
    }
    return best;
}

} // namespace morphogen::core
