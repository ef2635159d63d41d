#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/open_dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace morphogen::rework {

/// "540,960" or "3,540,960": an index along every axis but the first.
/// @throws core::UsageError naming the text
core::Dims parse_point(std::string_view text);

/// One point per line, as parse_point() reads them (spaces around numbers are fine); empty lines
/// and those that begin with # are skipped.
/// @throws core::UsageError naming file and line
std::vector<core::Dims> read_points(const std::filesystem::path& file);

struct SeriesOptions {
    std::vector<core::Dims> points; // any order, also the same one more than once
    /// *.h5, *.hdf5, *.nc: HDF5; anything else: CSV; empty: CSV to standard output.
    std::filesystem::path out;
    bool replace = false; // an output that is there
    ReworkBudget budget;  // progress in frames
};

struct SeriesResult {
    core::Index frames = 0;
    core::Index blocks = 0; // that were decoded
    core::Index slabs = 0;  // of time, each in memory as a whole
    double seconds = 0.0;
};

/// The values of some points at every index of the first axis, in order. Only blocks that hold a
/// point are read, each once. What does not fit into the memory is done in slabs of time.
///
/// CSV: `step,time` where the file has them, one column per point named `y;x`; numbers are the
/// shortest that read back to the same value. HDF5: /series [time, point] of the type in the file,
/// /points [point, axis], /time and /step where the file has them.
/// @throws core::UsageError: a point outside, too little memory. core::Error naming file, dataset
/// and chunk; then nothing of the output is left
SeriesResult write_series(const store::DatasetReader& reader, const SeriesOptions& options);

} // namespace morphogen::rework
