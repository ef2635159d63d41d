#pragma once

#include "morphogen/store/hdf5/handle.hpp"

/// HDF5 1.10 decodes a virtual dataset's mappings before it looks at their checksum, and the global
/// heap that holds them has none: a flipped bit there ends the process.
namespace morphogen::store::hdf5 {

/// Looks at the checksum before the library decodes. Other datasets, and files that are neither on
/// disk (default or locating driver) nor in memory, pass.
/// @throws core::Error naming file and dataset if the mappings are damaged.
void check_virtual_mappings(hid_t parent, const char* name);

} // namespace morphogen::store::hdf5
