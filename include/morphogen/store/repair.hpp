#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/run_directory.hpp"

#include <string>
#include <vector>

namespace morphogen::store {

enum class RepairMode { dry_run, repair };

struct RepairReport {
    core::Index committed = 0;         // frames that /step counts
    std::vector<std::string> actions;  // what was done, or would be; one line each
    std::vector<std::string> problems; // what could not be mended
};

/// Makes the files of a killed run such that it can go on. @throws core::Error
RepairReport repair_run(const RunDirectory& directory, RepairMode mode);

} // namespace morphogen::store
