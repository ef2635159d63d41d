#pragma once

#include "morphogen/store/hdf5/file.hpp"

#include <filesystem>
#include <string>

namespace morphogen::store {

/// HDF5 follows the sources of a virtual dataset without end where they lead back to it.
/// @param path of @p file. Sources that cannot be opened are somebody else's error.
/// @throws core::Error if @p dataset is, by way of its sources, a source of itself.
void check_no_cycle(const hdf5::File& file, const std::filesystem::path& path,
                    const std::string& dataset);

} // namespace morphogen::store
