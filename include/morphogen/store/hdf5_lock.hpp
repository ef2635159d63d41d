#pragma once

namespace morphogen::store {

/// While it lives, no other thread of this process that asks for one is inside HDF5, which must be
/// entered by one thread at a time. The threads that this library starts to read
/// (rework::BoxLoader) hold one during each of their calls, some tenths of a millisecond; a program
/// that calls HDF5 itself meanwhile holds one around its own calls. First come, first served; a
/// thread may hold several. Do not wait for such a thread while you hold one.
class Hdf5Lock {
public:
    Hdf5Lock();
    ~Hdf5Lock();
    Hdf5Lock(const Hdf5Lock&) = delete;
    Hdf5Lock& operator=(const Hdf5Lock&) = delete;
};

} // namespace morphogen::store
