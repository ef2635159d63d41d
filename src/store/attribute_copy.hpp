#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <functional>
#include <string>

namespace morphogen::store {

/// What attributes of copied objects refer to.
struct ReferenceMap {
    /// Path in the new file of the object that @p reference, of an attribute of @p object, points
    /// to; empty if it is not there.
    std::function<std::string(hid_t object, const hobj_ref_t& reference)> path_of;
};

/// Whether an attribute belongs to the machinery of dimension scales, which is made anew.
bool is_scale_attribute(const std::string& name);

/// Copies attribute @p name. @returns false if it holds references of a kind that cannot be
/// translated. @throws core::Error
bool copy_attribute(hid_t from, hid_t to, hid_t to_file, const std::string& name,
                    const ReferenceMap& references);

/// Whether its values are references, or hold some.
bool holds_references(hid_t object, const std::string& name);

} // namespace morphogen::store
