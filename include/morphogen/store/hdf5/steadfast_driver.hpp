#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstdint>
#include <filesystem>

/// HDF5 1.10 does not get over a write that fails: its cache is left half flushed, every later
/// flush and close fails too, and the library crashes or loops at exit. This file driver is the
/// default one (sec2) but for that: the first failed write is remembered for the call that caused
/// it, which throws (call() asks), and from then on nothing is written to that file, which stays as
/// a kill would leave it, while the library believes all is well and closes in peace. Each further
/// write to it fails likewise, closing it too: a destructor may have met the first.
namespace morphogen::store::hdf5 {

/// Makes files opened with @p access use the driver. @p some_file: any that can be opened.
/// @throws core::Error
void set_steadfast_driver(const Properties& access, const std::filesystem::path& some_file);

/// Nothing more is written to the file opened as @p path.
void discard_writes(const std::filesystem::path& path) noexcept;

/// What is written to that file beyond its first @p kept bytes leaves the page cache once it is on
/// the disk: WriteBehind.
void write_behind(const std::filesystem::path& path, std::uint64_t kept) noexcept;

} // namespace morphogen::store::hdf5
