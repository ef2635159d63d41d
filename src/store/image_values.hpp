#pragma once

#include "morphogen/store/hdf5/handle.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/small_dataset.hpp"

#include "store/stored_type.hpp"

#include <cstddef>
#include <filesystem>
#include <limits>
#include <span>
#include <string>

/// The values of a SmallDataset: where they are in its file, and how the library reads them.
namespace morphogen::store {

/// An open dataset and what is asked of it again and again.
struct OpenDataset {
    const std::filesystem::path& file;
    const std::string& name;
    hdf5::Dataset dataset;
    hdf5::Properties creation;
    StoredType type;
    SmallDataset found;
};

/// @throws core::Error: it is not there, no numbers, no values, too many axes
OpenDataset open_values(const FileReader& reader, const std::string& name,
                        core::Index most_frames = std::numeric_limits<core::Index>::max());

/// A file whose addresses count from the start of the image: no user block before it.
bool begins_at_zero(std::span<const std::byte> image);

/// Fills in the chunk's shape, the filters and, if they are few and all inside the image, where the
/// chunks are. @throws core::Error
void find_chunks(OpenDataset& open, std::size_t image_bytes);
/// Fills in where the values are, as far as they need not go through the library.
/// @throws core::Error
void find_values(OpenDataset& open, std::span<const std::byte> image);
/// @throws core::Error
void read_values(const OpenDataset& open, std::span<std::byte> values);

/// Virtual, or in files that the dataset names.
bool lies_elsewhere(const OpenDataset& open);

} // namespace morphogen::store
