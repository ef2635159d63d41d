#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/reader.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::rework {

/// What a run says about itself in report.json.
struct RunOutcome {
    std::string exit;  // "finished", "stopped", "failed"; empty: no report yet
    std::string error; // of a failed run
};

/// A checkpoint that a run can go on from.
struct CheckpointInfo {
    core::Index step = 0;
    std::uint64_t bytes = 0; // of its files
    bool is_latest = false;  // the newest that can be read
    core::Index frames = 0;  // committed before it
    int ranks = 0;
    std::string problem; // why its header cannot be read; empty otherwise
};

/// What a run's directory or an HDF5 file holds.
struct FileDescription {
    std::filesystem::path file; // that was read: frames.h5 of a directory
    std::uint64_t file_bytes = 0;
    bool is_run = false;               // a run's directory or its frames.h5
    bool is_open = false;              // flagged by a SWMR writer, which still writes or was killed
    RunOutcome outcome;                // of a run's directory
    std::optional<core::Index> frames; // committed; of a run
    std::optional<store::FrameRecord> first; // committed frame
    std::optional<store::FrameRecord> last;
    std::vector<store::DatasetInfo> datasets;
    std::vector<store::ExternalLink> external_links;
    std::vector<std::string> unknown_links; // of a program's own kind
    std::vector<store::Launch> launches;
    std::vector<CheckpointInfo> checkpoints; // of a run, newest first
    std::vector<std::string> problems;       // a line each: what of the file could not be looked at
};

/// What is damaged, or a missing source of a virtual dataset, does not hide the rest.
/// @throws core::Error naming the file and why it cannot be read.
FileDescription describe(const std::filesystem::path& path);

/// For a person: a few lines and a table.
std::string to_text(const FileDescription& description);
std::string to_json(const FileDescription& description);

/// frames.h5 of a run's directory; the path of any other file as it is. @throws core::UsageError if
/// it is not there, or is another directory.
std::filesystem::path data_file(const std::filesystem::path& path);

} // namespace morphogen::rework
