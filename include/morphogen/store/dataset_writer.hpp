#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace morphogen::store {

/// How the elements of a new dataset lie in its file.
struct StorageLayout {
    core::Dims chunk;                             // rank 0: contiguous
    std::optional<codec::FilterPipeline> filters; // of chunks that a codec::ChunkEncoder encodes
};

/// A new, empty dataset with type, shape, limits and fill value of @p model. @throws core::Error
hdf5::Dataset create_dataset_like(const DatasetReader& model, hid_t parent, const std::string& name,
                                  const StorageLayout& layout);

/// A dataset that takes encoded chunks, or boxes of elements. One thread of a process may use it,
/// or HDF5 at all, at a time; its file uses the default driver.
class DatasetWriter {
public:
    /// @throws core::Error
    DatasetWriter(const hdf5::File& file, const std::string& path);

    /// The chunk at @p lo as ChunkEncoder made it. @throws core::Error
    void write_chunk(const core::Dims& lo, std::span<const std::byte> stored);
    /// Elements of @p box, dense, bytes as in the file. @throws core::Error
    void write_box(const core::NdBox& box, std::span<const std::byte> elements);

    /// @throws core::Error
    void close() { data_.close(); }

private:
    hdf5::Dataset data_;
    hdf5::Type type_;
};

/// The filters of @p piece as a pipeline that ChunkEncoder can make; nothing if it cannot.
std::optional<codec::FilterPipeline> encodable(const std::vector<codec::Hdf5Filter>& filters,
                                               std::size_t element_size);

} // namespace morphogen::store
