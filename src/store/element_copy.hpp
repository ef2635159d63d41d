#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace morphogen::store {

/// Where references of copied attributes and datasets lead.
struct ReferenceMap {
    /// Path in the new file of the object that @p reference, which @p object of the old file holds,
    /// points to; empty if it is not there.
    std::function<std::string(hid_t object, const hobj_ref_t& reference)> path_of;
};

/// References to objects in @p values, each made to point to the object of the same path of the new
/// file. @returns false if some point to none: they are empty then. @throws core::Error
bool translate_references(hid_t from, hid_t to_file, std::span<std::byte> values,
                          const ReferenceMap& references);

/// H5Ocopy leaves references empty, and fill values of variable length pointing into the old file.
enum class CopyBy {
    object,
    object_without_references, // they are of regions, or inside of compounds, arrays, sequences
    elements,
};
CopyBy how_to_copy(hid_t dataset);

/// An empty dataset with type, shape, layout and filters of @p old, without its attributes.
hdf5::Dataset create_same_dataset(hid_t old, hid_t parent, const std::string& name);

/// The elements of dataset @p path, piece by piece from file to file, references to objects
/// translated. @returns false if some point to nothing in the new file: they are empty.
/// @throws core::Error
bool copy_elements(const hdf5::File& from, const hdf5::File& to, const std::string& path,
                   const ReferenceMap& references);

} // namespace morphogen::store
