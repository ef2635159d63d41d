#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/store/run_directory.hpp"

#include "store/skeleton.hpp"

#include <vector>

namespace morphogen::store {

/// Where one rank of a run writes.
struct SinkFiles {
    RunDirectory directory;
    config::Sync sync = config::Sync::close;
    core::Index frames_per_file = 0; // 0: one segment
    int rank = 0;
    std::vector<core::Box> blocks; // by rank: a segment has a file for each
};

/// Where a run is taken up: a fresh one at its beginning.
struct SinkStart {
    bool resumed = false;
    core::Index kept = 0;        // frames that are committed
    std::vector<Segment> closed; // those before the one that is written
    core::Index number = 0;      // of the segment that is written
    core::Index first_frame = 0; // of that one
    bool goes_on = false;        // in its files, which exist
    bool is_virtual = false;     // frames.h5 is a virtual file
};

} // namespace morphogen::store
