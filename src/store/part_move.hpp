#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/store/run_directory.hpp"

namespace morphogen::store {

/// With what is missing above it. @throws core::Error
void make_directory(const std::filesystem::path& path);

/// Gives a file a second name; where the file system has no links, another name.
/// @throws core::Error
void give_second_name(const std::filesystem::path& from, const std::filesystem::path& to);

/// Gives frames.h5, which holds frames, its name in parts/ (segment 0, rank 0): a second name, so
/// that it can be replaced by a virtual file with one rename; where the file system has no links,
/// another name. @throws core::Error
void move_into_parts(const RunDirectory& directory, config::Sync sync);

} // namespace morphogen::store
