#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace morphogen::store::hdf5 {

/// A link of a group.
struct Link {
    std::string name;
    H5L_type_t type = H5L_TYPE_ERROR;
    haddr_t address = HADDR_UNDEF; // of the object that a hard link leads to
    std::size_t value_size = 0;    // of any other, bytes
};

enum class LinkOrder { by_name, by_creation };

/// Every link of an open group; by name where the group did not keep the order of creation.
/// @throws core::Error about @p subject
std::vector<Link> links_of(hid_t group, LinkOrder order, const Subject& subject);

/// The file and the object that an external link names.
/// @throws core::Error
std::pair<std::string, std::string> external_target(hid_t parent, const std::string& link);

/// The path of what a group has by that name.
std::string below(const std::string& group, const std::string& name);

} // namespace morphogen::store::hdf5
