#pragma once

#include "morphogen/store/repair.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "store/repair_actions.hpp"

namespace morphogen::store {

/// A power loss can leave files of the segment that was written last cut short, older than
/// frames.h5, full of holes, or gone. Then the run ends with the last frame that all of them are
/// proven to hold, and the damaged files are set aside. A closed file that opens is only replaced
/// by one with all its frames: else it stays, because more frames in it may be readable. What a
/// damaged file cannot tell of its frames is taken from frames.h5 and config.toml.
/// @param run is changed as the files are, or would be
/// @returns whether frames.h5 presents files that are no longer there
bool save_open_segment(RunInventory& run, RepairActions& actions, const RepairGuard& guard);

} // namespace morphogen::store
