#pragma once

#include "morphogen/store/hdf5/handle.hpp"

/// Copies for the objects of another file. What was got from a file with shared object header
/// messages carries its place in that file, which H5Tcopy, H5Scopy and H5Pcopy keep; HDF5 writes
/// that place into the other file, and crashes at whatever is read there. All throw core::Error.
namespace morphogen::store::hdf5 {

/// Plain, where @p type is a committed one.
Type detached(const Type& type);
Space detached(const Space& space);
/// How a dataset with elements of @p type was created: @p creation, which loses its fill value.
Properties detached(Properties creation, const Type& type);

} // namespace morphogen::store::hdf5
