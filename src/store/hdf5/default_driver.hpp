#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <filesystem>

namespace morphogen::store::hdf5 {

/// The functions of HDF5's default driver (sec2): its class is not public, but that of an open file
/// is. @p some_file: any that can be opened. @throws core::Error
H5FD_class_t default_driver(const std::filesystem::path& some_file);

} // namespace morphogen::store::hdf5
