#pragma once

#include <string>

namespace morphogen::store {

/// "1.10.8": the HDF5 library in use, which may be newer than the one built against.
std::string hdf5_version();

/// HDF5 frees nothing at the end of the process: it loops, and says so, where a damaged file left
/// it half open. For programs that close their files themselves; before the first use of HDF5.
void keep_hdf5_at_exit() noexcept;

} // namespace morphogen::store
