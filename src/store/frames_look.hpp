#pragma once

#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_inventory.hpp"

#include <string>

namespace morphogen::store {

/// What an open file's datasets say about its frames.
struct FramesLook {
    FrameFormat format; // global: the file's own cells
    core::Extents cells{1, 1, 1};
    bool is_virtual = false;
    core::Index frames_extent = 0;  // of the longest of /u and /v
    core::Index records_extent = 0; // of the longest of /time, /step and /stats
    std::string damage;             // why the first of these that cannot be opened cannot
};

/// The same without what other datasets say. @throws core::Error if there are no frames in it
FramesLook look_at_fields(const hdf5::File& file);
/// @throws core::Error if there are no frames in it
FramesLook look_at_frames(const hdf5::File& file);

/// h, which every axis of a file tells that holds the cells of @p block.
/// @throws core::Error if none can be read
double spacing_of(const hdf5::File& file, const core::Box& block, int dims);

/// "time", "step", "stats/v_min" and so on: all that has a value per frame beside the frames.
std::vector<std::string> column_names(const std::vector<core::Field>& fields);

/// Fills in what an open file of frames says of itself. @throws core::Error
void describe_part(const FileReader& reader, PartState& part);

/// @p is_cut: the file is shorter than its own metadata say. @throws core::Error
Mark mark_of(const std::filesystem::path& path, bool& is_cut);

} // namespace morphogen::store
