#pragma once

#include "morphogen/store/checkpoint.hpp"

#include <optional>
#include <string_view>

/// The names in checkpoints/, and what makes and unmakes them.
namespace morphogen::store::checkpoint {

/// What a directory's suffix says.
enum class Status { counts, unfinished, replaced };

struct NamedDirectory {
    std::filesystem::path path;
    core::Index step = 0;
    Status status = Status::counts;
};

/// "checkpoints/000000001234", ".new", ".old".
std::filesystem::path directory_of(const RunDirectory& directory, core::Index step, Status status);

/// Every directory in checkpoints/ that is named like a checkpoint, in no order.
std::vector<NamedDirectory> named_directories(const RunDirectory& directory);

/// Removes the files of a checkpoint in @p directory, then itself unless others have put something
/// in. What is not there is removed already.
void remove_directory(const std::filesystem::path& directory);

/// Removes what has no place in an unfinished checkpoint of @p ranks pieces: left by a launch on
/// more ranks.
void remove_strangers(const std::filesystem::path& directory, int ranks);

void rename_path(const std::filesystem::path& from, const std::filesystem::path& to);

/// Makes `latest` mark the newest that counts, or nothing where there is none.
void mark_latest(const RunDirectory& directory);

} // namespace morphogen::store::checkpoint
