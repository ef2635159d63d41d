#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstdint>
#include <filesystem>

/// Bytes before an HDF5 file's own, which belong to other programs: a script, another format's
/// header (HDF5 File Format Specification 3.0, "superblock").
namespace morphogen::store {

/// Bytes of it, 0 if there is none. @throws core::Error
std::uint64_t user_block_of(const hdf5::File& file);

/// Those of @p from into a file that was created with room for as many.
/// @throws core::Error
void copy_user_block(const std::filesystem::path& from, const hdf5::File& to, std::uint64_t bytes);

} // namespace morphogen::store
