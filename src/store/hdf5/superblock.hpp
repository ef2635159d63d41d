#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace morphogen::store::hdf5 {

/// The checksum of HDF5's metadata: Bob Jenkins' lookup3 hash, seed 0 (HDF5 File Format
/// Specification 3.0, "Overview: checksums").
std::uint32_t metadata_checksum(std::span<const char> bytes);

/// Makes the checksum of a version 3 superblock at the start of @p image right again.
/// @throws core::Error if there is no such superblock.
void seal_superblock(std::string& image);

} // namespace morphogen::store::hdf5
