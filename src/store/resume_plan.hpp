#pragma once

#include "morphogen/store/layout.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "store/sink_start.hpp"

#include <vector>

namespace morphogen::store {

/// Where the run goes on after its first @p kept frames, as one rank of @p blocks sees it. Goes on
/// in the files of the last segment only if every rank's plan says so.
/// @throws core::UsageError if the run is of another kind; core::Error if its files are not whole
SinkStart plan_resume(const RunInventory& run, const FrameLayout& layout,
                      const std::vector<core::Box>& blocks, int rank, config::Layout wanted,
                      core::Index frames_per_file, core::Index kept);

/// The same, in a segment of its own.
SinkStart in_new_segment(const RunInventory& run, SinkStart start);

/// What a run's frames look like, for a virtual file over the whole grid.
FrameLayout whole_layout(const FrameFormat& format);
/// A segment as a virtual file beside frames.h5 names its parts.
Segment as_source(const SegmentState& segment);

} // namespace morphogen::store
