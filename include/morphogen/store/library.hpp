#pragma once

#include <string>

namespace morphogen::store {

/// "1.10.8": the HDF5 library in use, which may be newer than the one built against.
std::string hdf5_version();

} // namespace morphogen::store
