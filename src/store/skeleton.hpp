#pragma once

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
/// added under SWMR): no frames yet. @p box: the cells of the grid that the file holds.
/// @p sources: empty for chunked frames, else the parts that virtual ones are made of.
void create_skeleton(const hdf5::File& file, const FrameLayout& layout, const core::Box& box,
                     const std::vector<PartSource>& sources, const Provenance& provenance);

/// Appends the attributes of one more launch.
void add_launch(const hdf5::File& file, const Provenance& provenance);

} // namespace morphogen::store
