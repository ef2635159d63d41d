#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/store/hdf5/handle.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/provenance.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace morphogen::store {

/// Where the cells of a virtual dataset lie.
struct PartSource {
    std::string file; // relative to the virtual file
    core::Box block;  // in cells of the grid
};

/// A stretch of frames that the same ranks wrote: a file each. It ends where the next one begins;
/// the last one goes as far as its files do.
struct Segment {
    core::Index first_frame = 0;
    std::vector<PartSource> parts; // by rank; one for a file that all wrote
};

/// Where a file of frames stands in its run: what frames.h5 can be made anew from.
struct PartPlace {
    core::Index first_frame = 0;
    core::Index parts = 1; // files of the segment
    core::Index rank = 0;  // number of this one
    config::Layout layout = config::Layout::parts;
};

/// The shape of one file's frame datasets: {frames, (nz,) ny, nx} and the like.
std::vector<hsize_t> frame_shape(int dims, hsize_t frames, const core::Extents& cells);

/// Type of the frames in files, also right in memory on the machines that we run on.
hid_t file_type(core::Precision precision);

/// Gives a dataset its long_name and units (dimensionless).
void describe(const hdf5::Dataset& dataset, std::string_view long_name);

/// /y and friends: a dimension scale with the centres of cells [lo, hi).
hdf5::Dataset create_axis(const hdf5::File& file, const char* name, core::Index lo, core::Index hi,
                          double spacing);

/// Fills a new file with every group, dataset and attribute that it will ever have (nothing can be
/// added under SWMR) but provenance: no frames yet. @p box: the cells of the grid that the file
/// holds.
void create_part_skeleton(const hdf5::File& file, const FrameLayout& layout, const core::Box& box,
                          const PartPlace& place);
/// The same over the whole grid, virtual, from @p segments (at least one, in order).
void create_master_skeleton(const hdf5::File& file, const FrameLayout& layout,
                            const std::vector<Segment>& segments);

/// Appends the attributes of one more launch to /provenance, which is made if there is none.
void add_launch(const hdf5::File& file, const Provenance& provenance);

} // namespace morphogen::store
