#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

/// A file driver that reads a file and keeps in memory what is written to it: the file itself is
/// opened for reading only.
namespace morphogen::store::hdf5 {

/// What was written, in whole pages of the file, by their offset.
using Pages = std::map<std::uint64_t, std::vector<std::byte>>;
inline constexpr std::size_t page_bytes = 4096;

/// @p file, opened with @p access, uses the driver, which puts into @p pages what is written for as
/// long as it is open. One file at a time. @p least_end: the library takes the file for at least so
/// long, which it must be to be opened. @throws core::Error
void set_overlay_driver(const Properties& access, const std::filesystem::path& file, Pages& pages,
                        std::uint64_t least_end = 0);

/// Whether it is this driver, and reads give what is in the file.
bool is_empty_overlay(hid_t driver) noexcept;

/// Whether data beyond the end of such a file were read since set_overlay_driver() or the last
/// call: the default driver gives zeros there.
bool take_read_past_end() noexcept;

} // namespace morphogen::store::hdf5
