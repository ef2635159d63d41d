#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <string>

/// Damage that HDF5 must not be let near: it is looked for in the bytes of the file first.
namespace morphogen::store::hdf5 {

/// To be called before an object is opened. HDF5 1.10
/// - keeps an object whose header it could not read whole: the second attempt finds it, unproven,
///   and the file can neither be closed any more nor keep what is then written to it;
/// - decodes a virtual dataset's mappings before it looks at their checksum, and the global heap
///   that holds them has none: a flipped bit there ends the process.
/// Headers are looked at where the file is open for reading only: a writer's may not be in the
/// file yet. Files whose bytes cannot be reached (see RawFile) pass.
/// @throws core::Error naming file and object
void check_object(hid_t parent, const char* path);

/// The same for the object at an address that a hard link named.
/// @param path the object's, for the message
void check_header(const File& file, const std::string& path, haddr_t address);

/// The same for the root group, once the file has been opened; before version 2 of the superblock
/// its header has no checksum.
void check_root(const File& file);

} // namespace morphogen::store::hdf5
