#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace morphogen::store::hdf5 {

/// The checksum of HDF5's metadata: Bob Jenkins' lookup3 hash, seed 0 (HDF5 File Format
/// Specification 3.0, "Overview: checksums").
std::uint32_t metadata_checksum(std::span<const char> bytes);
inline constexpr std::size_t metadata_checksum_bytes = 4;

/// Makes the checksum of a version 3 superblock at the start of @p image right again.
/// @throws core::Error if there is no such superblock.
void seal_superblock(std::string& image);

/// Bytes of a version 2 or 3 superblock.
inline constexpr std::uint64_t superblock_bytes = 48;
/// Where the superblock begins in the bytes of a file: 0, or a power of 2 from 512 on behind a user
/// block (HDF5 File Format Specification 3.0, II.A). Nothing if this is no HDF5 file.
std::optional<std::uint64_t> superblock_in(std::span<const char> file);
/// Whether it says that a writer has the file; it does after a kill too.
bool says_writer(std::span<const char> file);
/// The address of the root group's header; nothing in superblocks before version 2.
std::optional<std::uint64_t> root_in(std::span<const char> superblock);

/// What a file says about itself before HDF5 is asked.
struct FileMark {
    bool writing = false;   // a writer has it open, or was killed
    bool swmr = false;      // of the kind that keeps the file readable meanwhile
    std::uint64_t end = 0;  // of the file as its metadata know it: "end of address"
    std::uint64_t size = 0; // of the file, bytes
};

/// Nothing for files whose superblock has no marks (versions before 3) or is not whole.
/// @throws core::Error if the file cannot be read at all
std::optional<FileMark> read_mark(const std::filesystem::path& path);

/// Says that no writer has the file, and that it ends at @p end, by one write of 48 bytes: a kill
/// leaves the old or the new. @throws core::Error
void clear_mark(const std::filesystem::path& path, std::uint64_t end);
/// Says that a writer has the file, not for SWMR. @throws core::Error
void set_mark(const std::filesystem::path& path);

} // namespace morphogen::store::hdf5
