#pragma once

#include "morphogen/store/hdf5/file.hpp"

#include <cstddef>
#include <filesystem>
#include <span>

namespace morphogen::store::hdf5 {

/// Opens files that lie in memory, read only and without a copy: HDF5's core driver, whose image
/// callbacks (H5Pset_file_image_callbacks) hand out the caller's own bytes.
class ImageMemory {
public:
    ImageMemory();

    /// @p image must outlive the file. One at a time.
    /// @throws core::Error naming @p path, which is not touched.
    File open(std::span<const std::byte> image, const std::filesystem::path& path);

private:
    void* bytes_ = nullptr; // of the image, for the callbacks
    Properties access_;
};

} // namespace morphogen::store::hdf5
