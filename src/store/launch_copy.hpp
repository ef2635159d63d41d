#pragma once

#include "morphogen/store/reader.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace morphogen::store {

/// Files that have launches.
struct LaunchSources {
    std::vector<std::filesystem::path> files{};
    /// Where those are looked for that cannot be read in the others.
    std::vector<std::filesystem::path> spare{};
    /// The launch that goes on now, which the spare files may have already: not one of those.
    std::string now{}; // Provenance::time
};

/// Makes /provenance of a new file from the launches of others, each once: every file that a launch
/// began has it. One that cannot be read anywhere becomes a group that says so.
/// @throws core::Error
void copy_launches(const LaunchSources& from, const hdf5::File& to);

/// The same from one file that is open.
void copy_launches(const FileReader& from, const hdf5::File& to);

} // namespace morphogen::store
