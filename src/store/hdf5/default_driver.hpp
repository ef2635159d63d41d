#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <filesystem>

namespace morphogen::store::hdf5 {

/// A file driver that is HDF5's default one (sec2) but for some functions.
struct DerivedDriver {
    /// The default driver's functions, which do the work.
    H5FD_class_t original;
    H5FD_class_t ours;
    hid_t id = H5I_INVALID_HID;
};

/// The driver's identifier. At the first call, and again when the host has closed the library
/// since, the driver is registered: @p change replaces functions of `ours`, a copy of `original`.
/// @p number: its own, from the range for private use. @p some_file: any that can be opened, since
/// the default driver's class is not public, but that of an open file is. @throws core::Error
hid_t registered(DerivedDriver& driver, const char* name, int number,
                 const std::filesystem::path& some_file, void (*change)(H5FD_class_t& ours));

} // namespace morphogen::store::hdf5
