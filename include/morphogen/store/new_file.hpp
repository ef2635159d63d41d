#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <filesystem>
#include <memory>

namespace morphogen::store {

class UnfinishedName;

/// Where a NewFile is written before it appears at @p path.
std::filesystem::path unfinished_path(std::filesystem::path path);

/// An HDF5 file that appears under its name when it is complete: written beside and renamed.
/// Without close() nothing of it is left; after a signal either, if the program's handler calls
/// remove_unfinished_files(). Every handle to what is in it must be closed before.
class NewFile {
public:
    /// @param replace an older file of that name; without, it is an error.
    /// @throws core::UsageError if there is one; core::Error if it cannot be written
    NewFile(std::filesystem::path path, bool replace);
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    const hdf5::File& file() const noexcept { return file_; }

    /// @throws core::Error if what is left cannot be written (disk full) or renamed
    void close();

private:
    std::filesystem::path path_;
    std::filesystem::path beside_;
    std::unique_ptr<UnfinishedName> unfinished_; // until it is renamed
    hdf5::File file_;
};

} // namespace morphogen::store
