#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::core {

/// A name that a user may have meant, and other names people know it by ("F feed_rate").
struct Candidate {
    std::string name; // dotted: "model.feed"
    std::string_view aliases;
};

/// Insertions, deletions, substitutions and swaps of neighbours that turn @p a into @p b (optimal
/// string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate closest to @p name, also across tables ("grid.feed" means "model.feed"); empty if
/// none is close.
std::string_view closest(std::string_view name, std::span<const Candidate> candidates);

} // namespace morphogen::core
