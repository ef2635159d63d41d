#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace morphogen::bench {

/// A directory of its own that is removed with everything in it.
class ScratchDirectory {
public:
    /// In @p parent; empty: the system's temporary directory. @throws core::Error
    explicit ScratchDirectory(const std::filesystem::path& parent);
    ~ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

/// Removes all that there are. None is made or removed afterwards: who tries waits for ever, so
/// that nothing goes on after its files are gone. For a process that is about to end.
void remove_scratch_for_good();

/// A file written by plain write() calls.
class PlainFile {
public:
    explicit PlainFile(const std::filesystem::path& path); // @throws core::Error
    ~PlainFile();
    PlainFile(const PlainFile&) = delete;
    PlainFile& operator=(const PlainFile&) = delete;

    void write(std::span<const std::byte> bytes); // @throws core::Error
    void sync();                                  // @throws core::Error

private:
    std::filesystem::path path_;
    int descriptor_;
};

/// What is read of it next comes from the disk, as far as the system heeds advice.
void drop_from_page_cache(const std::filesystem::path& path);

} // namespace morphogen::bench
