#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/store/number_type.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace morphogen::store {

inline constexpr std::size_t max_axes = 8;

/// Bytes of a file image that hold one chunk, or all of a contiguous dataset.
struct ImageChunk {
    std::uint64_t offset = 0; // bytes from the start of the image
    std::uint64_t length = 0; // as stored
    std::uint32_t filter_mask = 0;
    std::array<core::Index, max_axes> origin{}; // elements
};

/// One dataset of a file that lies in memory: what its values are, and where.
struct SmallDataset {
    NumberType type = NumberType::f32;
    bool swapped = false; // stored in the other byte order
    std::vector<core::Index> shape;
    core::Index left_out = 0;       // frames of a run behind those of `shape`: not committed yet
    std::vector<core::Index> chunk; // of each element of `chunks`; a contiguous one: the shape
    std::vector<codec::Hdf5Filter> filters;
    /// Every chunk, none missing; each inside the image, and decodable by codec::ChunkDecoder.
    /// Empty: only the library can read the values.
    std::vector<ImageChunk> chunks;

    std::uint64_t raw_bytes() const noexcept;
    std::uint64_t chunk_bytes() const noexcept;
};

/// Opens files that were read whole, without touching the disk again: a file in memory takes HDF5
/// about 0.1 ms, and leaves the decoding to any thread. One thread of a process may use it, or HDF5
/// at all, at a time.
class ImageReader {
public:
    ImageReader();
    ~ImageReader();
    ImageReader(const ImageReader&) = delete;
    ImageReader& operator=(const ImageReader&) = delete;

    /// Finds the values of @p dataset in @p image, the bytes of the file @p path; of a run's field
    /// those of committed frames, at most @p most_frames.
    /// @throws core::Error: not HDF5, damaged, no such dataset, values that are not numbers.
    SmallDataset find(std::span<const std::byte> image, const std::filesystem::path& path,
                      const std::string& dataset,
                      core::Index most_frames = std::numeric_limits<core::Index>::max());

    /// Reads all values of what find() found through the library, into this machine's
    /// representation: whatever filters it has. Virtual datasets, values in other files and files
    /// that a writer has, or had when it was killed, are looked for where @p path is.
    /// @param values as many bytes as the dataset has
    void read(std::span<const std::byte> image, const std::filesystem::path& path,
              const std::string& dataset, const SmallDataset& found, std::span<std::byte> values);

private:
    class Memory;
    std::unique_ptr<Memory> memory_;
};

/// What the file @p path, opened where it is, has as @p dataset; empty: /v or /u of a
/// run, else the only numeric one.
struct ProbedDataset {
    std::string name;
    SmallDataset dataset;       // without its chunks
    std::string long_name = {}; // of its attributes; empty where there is none
    std::string units = {};
};

/// @throws core::Error; if there are several numeric datasets and none is named, they are listed.
ProbedDataset probe_dataset(const std::filesystem::path& path, const std::string& dataset);

} // namespace morphogen::store
