#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

/// Files. All throw core::Error naming the file and the system's reason.
namespace morphogen::store::hdf5 {

enum class Mode {
    read,
    read_swmr, // while a SWMR writer has it open, or after one was killed
    write,
    write_swmr, // every dataset and attribute must exist already
};

/// Creates @p path, replacing what was there.
File create_file(const std::filesystem::path& path, const Properties& creation,
                 const Properties& access);
/// Where nothing is yet: that is an error.
File create_new_file(const std::filesystem::path& path, const Properties& creation,
                     const Properties& access);
File open_file(const std::filesystem::path& path, Mode mode, const Properties& access);
File open_file(const std::filesystem::path& path, Mode mode);

/// To read, beside a SWMR writer or not, with a driver that tells where raw data lie
/// (store/hdf5/locating_driver.hpp).
File open_located(const std::filesystem::path& path, bool swmr);

/// The bytes of a file that @p build fills, made in memory.
std::string file_image(const std::function<void(const File&)>& build);

/// To the operating system, not to the disk.
void flush_file(const File& file);

/// The end of what the library has given away of the file so far.
std::uint64_t end_of_space(const File& file);

/// The descriptor behind a file of the default driver; it stays the library's.
int descriptor_of(const File& file);

/// fsync of a file by its path.
void sync_file(const std::filesystem::path& path);

} // namespace morphogen::store::hdf5
