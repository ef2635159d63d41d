#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/run_directory.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace morphogen::store {

enum class RepairMode {
    repair,
    show // what would be done; nothing is changed
};

struct RepairReport {
    std::vector<std::string> actions;  // done, or that would be
    std::vector<std::string> problems; // that no repair mends
    core::Index committed = 0;         // frames that count, after it
};

/// Called with each action before it is carried out.
using RepairNote = std::function<void(const std::string&)>;

/// Called before committed frames that cannot be proven any more are given up, with how many stay,
/// and the files that are damaged. May throw, and so prevent it.
using RepairGuard = std::function<void(core::Index, const std::string& damaged)>;

/// Makes the files of a killed run open with stock tools. Loses no committed frame, and touches
/// only what it can prove: marks of a writer are cleared where the file is whole as far as its
/// committed frames go; what a kill interrupted is completed (PATH.update) or undone (*.new, a
/// second name of frames.h5); files that hold nothing committed and that frames.h5 does not present
/// are removed, as is a shared segment that was not closed (*.new); frames.h5 is made anew from the
/// parts where it is missing or unreadable; frames that were never committed are cut off, so that
/// every dataset has the same length. What a power loss left of the segment that was written last
/// is kept as far as its frames can be proven, likewise where the library's own bookkeeping in it
/// is damaged and the chunks are not; the damaged files get the name NAME.damaged. No
/// other process may write to the run. A kill in the middle of it leaves what it repairs again.
/// @throws core::Error if something cannot be read or written; what was done before stays done
RepairReport repair_run(const RunDirectory& directory, RepairMode mode, const RepairNote& note = {},
                        const RepairGuard& guard = {});

/// The same for one HDF5 file, of a run or any other.
RepairReport repair_file(const std::filesystem::path& path, RepairMode mode,
                         const RepairNote& note = {});

} // namespace morphogen::store
