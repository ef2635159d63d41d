#pragma once

#include <filesystem>
#include <string_view>

namespace morphogen::core {

/// Whether data are pushed to the disk before they count.
enum class Durability { none, synced };

/// Replaces @p path with @p contents so that a reader, or a kill at any moment, sees the old file
/// or the new one: written beside it, synced if asked, renamed.
/// @throws Error naming the file and the reason (disk full, no permission, ...).
void replace_file(const std::filesystem::path& path, std::string_view contents,
                  Durability durability);

/// fsync of a directory, so that created and renamed names in it survive a power loss.
/// @throws Error
void sync_directory(const std::filesystem::path& directory);

} // namespace morphogen::core
