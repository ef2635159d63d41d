#pragma once

#include "morphogen/store/run_inventory.hpp"

#include <filesystem>
#include <string>

/// What repair does to single files; each step leaves a file that can be repaired, whenever a kill
/// comes.
namespace morphogen::store {

/// Why the mark of a killed SWMR writer must stay; empty if the file is whole as far as its first
/// @p frames frames go. Reads metadata only, unless the file is shorter than it says: then all of
/// their chunks.
std::string why_not_sound(const std::filesystem::path& path, core::Index frames);

/// Says that no writer has the file, of which all bytes that there are now belong to it.
/// @throws core::Error
void clear_writers_mark(const std::filesystem::path& path);

/// Cuts every dataset with one entry per frame to @p frames, in one step (file_update.hpp).
/// @throws core::Error
void cut_frames(const std::filesystem::path& path, core::Index frames);

} // namespace morphogen::store
