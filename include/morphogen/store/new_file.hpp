#pragma once

#include "morphogen/store/hdf5/handle.hpp"
#include "morphogen/store/output_name.hpp"

#include <cstdint>
#include <filesystem>

namespace morphogen::store {

/// An HDF5 file that appears under its name when it is complete: see OutputName. Without close()
/// nothing of it is left. Every handle to what is in it must be closed before.
class NewFile {
public:
    /// @param replace an older file of that name; without, it is an error.
    /// @param user_block bytes before the file's own: 0, or a power of 2 from 512 on
    /// @throws core::UsageError as OutputName; core::Error if it cannot be written
    NewFile(std::filesystem::path path, bool replace, std::uint64_t user_block = 0);
    ~NewFile();
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    const hdf5::File& file() const noexcept { return file_; }
    /// Where it is until it is closed.
    const std::filesystem::path& unfinished() const noexcept { return name_.beside(); }

    /// @throws core::Error if what is left cannot be written (disk full) or renamed
    void close();

private:
    OutputName name_;
    hdf5::File file_;
};

} // namespace morphogen::store
