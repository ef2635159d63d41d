#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/open_dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace morphogen::rework {

/// Which crops, and how they are stored.
struct CropOptions {
    core::Dims shape; // one length per axis of the dataset
    core::Index count = 0;
    std::uint64_t seed = 0;
    codec::Codec codec = {}; // with shuffle and checksum, unless it is none
    bool replace = false;    // an output that is there
    ReworkBudget budget;     // progress in crops
};

struct CropResult {
    core::Index sweeps = 0;      // through the dataset, each over a part of the crops
    std::uint64_t raw_bytes = 0; // of the crops
    std::uint64_t bytes_out = 0; // of the file
    double seconds = 0.0;
};

/// "8,128,128". @throws core::UsageError naming the text
core::Dims parse_lengths(std::string_view text);

/// Random crops, as random_box() draws them, into a new file: `/crops` [crop, t, (z,) y, x] in draw
/// order, one chunk each, type and bytes as in the input; `/origin` [crop, axis] int64, their first
/// elements. Chunks are read in order and decoded once for all crops that they are part of; a crop
/// is in memory from its first chunk to its last. What the memory does not allow in one such sweep
/// is done in several, of crops that lie close together.
/// @throws core::UsageError: a shape that does not fit, too little memory (naming the least).
/// core::Error naming file, dataset and chunk; then nothing of @p out is left
CropResult write_crops(const store::DatasetReader& reader, const std::filesystem::path& out,
                       const CropOptions& options);

} // namespace morphogen::rework
