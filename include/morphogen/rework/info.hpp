#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/reader.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::rework {

/// What one HDF5 file holds, as read without touching its data.
struct FileDescription {
    std::filesystem::path path;
    std::uint64_t bytes = 0;       // of the file itself, without the parts that a virtual one reads
    bool open_for_writing = false; // a run writes it, or was killed
    std::optional<core::Index> frames; // committed; nothing in files that are not a run's
    std::vector<store::DatasetInfo> datasets;
    std::vector<store::Launch> launches;
};

/// Reads the description of an HDF5 file, or of the frames.h5 of a run's directory.
/// @throws core::Error if there is no such file or HDF5 cannot read it.
FileDescription describe(const std::filesystem::path& path);

/// A page for people: one line per dataset, aligned.
std::string to_text(const FileDescription& description);
/// The same facts, and all of them, as one JSON object.
std::string to_json(const FileDescription& description);

} // namespace morphogen::rework
