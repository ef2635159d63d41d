#pragma once

#include "morphogen/store/hdf5/handle.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace morphogen::store::hdf5 {

/// A link of a group.
struct Link {
    std::string name;
    H5L_type_t type = H5L_TYPE_ERROR;
    haddr_t address = HADDR_UNDEF; // of the object that a hard link leads to
    std::size_t value_size = 0;    // of soft, external and other links
};

enum class LinkOrder { by_name, by_creation };

/// Every link of a group; by name where the group did not keep the order of creation.
/// @throws core::Error
std::vector<Link> links_of(const Group& group, LinkOrder order);

/// The path of what a group has by that name.
std::string below(const std::string& group, const std::string& name);

} // namespace morphogen::store::hdf5
