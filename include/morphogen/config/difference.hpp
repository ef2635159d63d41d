#pragma once

#include "morphogen/config/config.hpp"

#include <string>
#include <vector>

namespace morphogen::config {

/// A key that two configurations give different values, as TOML.
struct Difference {
    std::string key; // "model.feed"
    std::string before;
    std::string after;
};

/// The keys that decide what the frames of a run hold (grid, model, initial state, steps between
/// frames, fields, lossy rounding) and differ. What may change when a run goes on is not compared:
/// its length, ranks, threads, codec, files, checkpoints, limits.
std::vector<Difference> content_differences(const Config& before, const Config& after);

} // namespace morphogen::config
