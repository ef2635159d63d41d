#pragma once

#include "morphogen/rework/open_dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace morphogen::rework {

/// What was looked at, and what is wrong with it.
struct VerifyResult {
    core::Index files = 0;
    core::Index datasets = 0;  // read whole
    core::Index blocks = 0;    // chunks, or as much at a time where there are none
    core::Index unwritten = 0; // chunks that were never written and may be: fill values
    std::uint64_t raw_bytes = 0;
    core::Index checkpoints = 0;    // of a run
    core::Index external_links = 0; // followed: the files they lead to are among `files`
    core::Index problems = 0;
    std::vector<std::string> unchecked; // "file, dataset: why", not counted as problems
};

/// Reads and decodes every chunk of every dataset of a file (of a run: of all its parts), and of
/// the files that it presents: sources of virtual datasets, and those that external links lead to,
/// each once. That checks every checksum, and looks for what is not there: chunks of committed
/// frames, frames, parts. Of a run it checks every checkpoint too. A file that a writer marked and
/// did not close is a problem: it is being written, or wants repair. Goes on after what is wrong.
/// @param problem gets each, one line, as it is found, on the calling thread.
/// @throws core::UsageError, core::Error: the file itself cannot be found or opened
VerifyResult verify(const std::filesystem::path& path, const ReworkBudget& budget,
                    const std::function<void(const std::string&)>& problem);

} // namespace morphogen::rework
