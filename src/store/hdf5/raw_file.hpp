#pragma once

#include <hdf5.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace morphogen::store::hdf5 {

using Bytes = std::vector<char>;

inline constexpr std::uint64_t undefined_address = ~std::uint64_t{0};

/// A little-endian number of @p size bytes.
std::uint64_t number(std::span<const char> bytes, std::size_t at, std::size_t size);

/// The bytes below an open file, past the library's own view of them.
class RawFile {
public:
    /// Nothing if they cannot be reached: files that are neither on disk (default, locating or
    /// empty overlay driver) nor in memory, or whose addresses do not have 8 bytes.
    static std::optional<RawFile> of(hid_t file);

    /// Nothing if the file does not have them.
    std::optional<Bytes> read(std::uint64_t address, std::uint64_t size) const;

private:
    std::uint64_t end_of_file() const;

    int descriptor_ = -1;
    std::span<const char> memory_;
    std::uint64_t base_ = 0;
};

} // namespace morphogen::store::hdf5
