#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/name_watch.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace morphogen::store {

/// A file that one process writes while others read it, and that survives a kill (SWMR): made
/// complete but empty under another name, opened for appending, then renamed.
class SwmrFile {
public:
    /// @p build fills the new file with all it will ever hold but frames.
    /// @p before_rename: called when all is complete but the name, for what must happen to an older
    /// file of that name.
    /// @throws core::Error; nothing is left behind then.
    SwmrFile(std::filesystem::path path, config::Sync sync,
             const std::function<void(const hdf5::File&)>& build,
             const std::function<void()>& before_rename = {});
    /// Goes on with an existing file that no writer has open and that a kill did not leave marked.
    SwmrFile(std::filesystem::path path, config::Sync sync);

    const hdf5::File& file() const noexcept { return file_; }
    const std::filesystem::path& path() const noexcept { return path_; }

    void flush();
    /// The same where nothing but @p dataset has changed since: less work, unless the file grew.
    void flush(const hdf5::Dataset& dataset);
    /// After every commit: fsync, if the configuration wants it; now and then, whether the name
    /// still means this file.
    void end_commit();
    /// fsync, unless the configuration wants none.
    void sync();
    /// Clears the SWMR flags, and syncs file and directory unless told never to. Every dataset
    /// must have been closed. @throws core::Error, also where the name does not mean this file any
    /// more.
    void close();
    /// What the library still holds back goes nowhere from now on: the file stays as a kill would
    /// leave it, whatever is closed later, and nothing fails again.
    void abandon() noexcept;

    double sync_seconds() const noexcept { return sync_seconds_; }

private:
    void open();
    void push_to_disk();

    std::filesystem::path path_;
    std::filesystem::path opened_as_; // the library knows it by that name for good
    config::Sync sync_;
    hdf5::File file_;
    int descriptor_ = -1;           // the library's
    std::uint64_t flushed_end_ = 0; // of the space in use, as the superblock tells it
    NameWatch name_;
    double sync_seconds_ = 0.0;
};

} // namespace morphogen::store
