#pragma once

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/store/hdf5/file.hpp"

#include <filesystem>
#include <functional>

/// Changes of a closed HDF5 file that a kill leaves undone or completes. HDF5 itself writes a
/// change piece by piece and a kill between two breaks the file (a B-tree split loses it whole). So
/// the library changes a copy in memory; the pages that it has written go to a file beside
/// (PATH.update, complete once it has that name), and from there to their places. After a kill
/// finish_update() does the second part again.
namespace morphogen::store {

std::filesystem::path update_path(std::filesystem::path path);

/// Runs @p change on the file, opened for writing by the library. No other process writes to it;
/// readers may have it open.
/// @throws core::Error: nothing is changed then, unless the pages themselves could not be written,
/// which finish_update() repeats.
void update_file(const std::filesystem::path& path, core::Durability durability,
                 const std::function<void(const hdf5::File&)>& change);

/// Completes what a kill interrupted. @returns false if there was nothing to complete.
/// @throws core::Error if PATH.update is damaged, or cannot be read or applied
bool finish_update(const std::filesystem::path& path, core::Durability durability);

} // namespace morphogen::store
