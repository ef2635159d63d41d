#pragma once

#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/reader.hpp"

#include <string>
#include <vector>

namespace morphogen::store {

DatasetInfo describe_dataset(const hdf5::Dataset& dataset, const std::string& path);

ObjectId object_id(hid_t object);

/// A virtual dataset's mappings: file and dataset of each source.
struct VirtualSource {
    std::string file;
    std::string dataset;
    core::Index first = 0;         // along the first axis of the virtual dataset
    hsize_t count = H5S_UNLIMITED; // of elements there; also where it is not one box
    /// Along its other axes: [lo, hi). Empty where it is not one box.
    std::vector<core::Index> lo{};
    std::vector<core::Index> hi{};
};
std::vector<VirtualSource> virtual_sources(const hdf5::Properties& creation);

/// "float32", "int64 big-endian", "string", "compound".
std::string type_name(const hdf5::Type& type);

} // namespace morphogen::store
