#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/store/hdf5/file.hpp"

#include <filesystem>
#include <functional>

namespace morphogen::store {

/// A file that one process writes while others read it, and that survives a kill (SWMR): made
/// complete but empty under another name, renamed, then opened for appending.
class SwmrFile {
public:
    /// @p build fills the new file with all it will ever hold but frames.
    /// @throws core::Error; nothing is left behind then.
    SwmrFile(std::filesystem::path path, config::Sync sync,
             const std::function<void(const hdf5::File&)>& build);

    const hdf5::File& file() const noexcept { return file_; }
    const std::filesystem::path& path() const noexcept { return path_; }

    void flush() { hdf5::flush_file(file_); }
    /// fsync, if the configuration wants it after every commit.
    void sync_commit();
    /// Clears the SWMR flags, and syncs file and directory unless told never to. Every dataset
    /// must have been closed.
    void close();
    /// What the library still holds back goes nowhere from now on: the file stays as a kill would
    /// leave it, whatever is closed later, and nothing fails again.
    void abandon() noexcept;

    double sync_seconds() const noexcept { return sync_seconds_; }

private:
    std::filesystem::path path_;
    config::Sync sync_;
    hdf5::File file_;
    int descriptor_ = -1; // the library's
    double sync_seconds_ = 0.0;
};

} // namespace morphogen::store
