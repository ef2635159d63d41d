#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace morphogen::store {

class UnfinishedName;

/// Where a file is written before it appears at @p path.
std::filesystem::path unfinished_path(std::filesystem::path path);

/// The name of a file that appears when it is complete: written as NAME.new and renamed. Symbolic
/// links are followed: they stay, and what they point to is replaced. Without complete() nothing of
/// it is left; after a signal either, if the program's handler calls remove_unfinished_files().
///
/// One process at a time writes NAME.new: it holds an advisory lock (flock) on it, and the next is
/// refused. Where the file system knows no such locks, whoever finds that NAME.new is no longer
/// his own file fails instead of renaming another's.
class OutputName {
public:
    /// Removes what a kill left of an earlier NAME.new.
    /// @param replace an older file of that name; without, it is an error.
    /// @throws core::UsageError if there is one, or if @p path is no regular file, or if another
    /// process is writing it
    OutputName(std::filesystem::path path, bool replace);
    ~OutputName();
    OutputName(const OutputName&) = delete;
    OutputName& operator=(const OutputName&) = delete;

    /// To be created, where nothing is now.
    const std::filesystem::path& beside() const noexcept { return beside_; }

    /// @param descriptor of the file that was created there; its lock ends when it is closed.
    /// @throws core::UsageError if another process has done so too
    void hold(int descriptor);

    /// Once the file is closed. @throws core::Error if it cannot be renamed
    void complete();

private:
    std::filesystem::path path_;
    std::filesystem::path beside_;
    std::unique_ptr<UnfinishedName> unfinished_; // until it is renamed
    bool is_held_ = false;
    std::optional<std::pair<unsigned long long, unsigned long long>> identity_; // device, inode
};

} // namespace morphogen::store
