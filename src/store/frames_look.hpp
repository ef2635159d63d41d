#pragma once

#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_inventory.hpp"

namespace morphogen::store {

/// What an open file's datasets say about its frames.
struct FramesLook {
    FrameFormat format; // global: the file's own cells
    core::Extents cells{1, 1, 1};
    bool is_virtual = false;
    double first_centre = 0.5;      // of the first cell along x
    core::Index frames_extent = 0;  // of the longest of /u and /v
    core::Index records_extent = 0; // of the longest of /time, /step and /stats
};

/// The same without what other datasets say. @throws core::Error if there are no frames in it
FramesLook look_at_fields(const hdf5::File& file);
/// @throws core::Error if there are no frames in it
FramesLook look_at_frames(const hdf5::File& file);

/// The centre of the first cell of a file along one of schema::axes. @throws core::Error
double first_centre_of(const hdf5::File& file, const char* axis);

/// "time", "step", "stats/v_min" and so on: all that has a value per frame beside the frames.
std::vector<std::string> column_names(const std::vector<core::Field>& fields);

/// Fills in what an open file of frames says of itself. @throws core::Error
void describe_part(const FileReader& reader, PartState& part);

/// @p is_cut: the file is shorter than its own metadata say. @throws core::Error
Mark mark_of(const std::filesystem::path& path, bool& is_cut);

} // namespace morphogen::store
