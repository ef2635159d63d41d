#pragma once

#include "morphogen/store/name_watch.hpp"

#include <filesystem>

namespace morphogen::store {

/// Keeps a second process from writing to, or repairing, a run's directory: an flock(2) on the
/// directory itself, which ends with the process. Where the file system has no such locks nothing
/// is kept away.
class DirectoryLock {
public:
    /// @throws core::Error if the directory cannot be opened, core::UsageError if another process
    /// holds its lock.
    explicit DirectoryLock(const std::filesystem::path& directory);
    ~DirectoryLock();
    DirectoryLock(DirectoryLock&& other) noexcept;
    DirectoryLock& operator=(DirectoryLock&&) = delete;

    /// Of the directory: what is locked may not be what has its name any more.
    NameWatch& watch() noexcept { return watch_; }

private:
    int descriptor_ = -1;
    NameWatch watch_;
};

/// Whether another process has the lock: a run that writes, as far as it can be known.
bool is_locked(const std::filesystem::path& directory);

} // namespace morphogen::store
