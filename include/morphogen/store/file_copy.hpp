#pragma once

#include "morphogen/store/hdf5/handle.hpp"
#include "morphogen/store/reader.hpp"

#include <functional>
#include <string>
#include <vector>

namespace morphogen::store {

/// Makes @p old as @p name in @p parent of the new file, in place of the copy; or returns an
/// invalid handle: then the dataset is copied as it is.
using MakeDataset =
    std::function<hdf5::Dataset(const ObjectId& old, hid_t parent, const std::string& name)>;

/// Copies everything that a file holds into an open new one: groups, datasets, named types, links
/// of every kind (several hard links to one object stay that), attributes, attached dimension
/// scales, object references in attributes and datasets. Datasets that @p make makes get the
/// attributes and scales, not the data.
/// @returns what could not come along, one line each. @throws core::Error
std::vector<std::string> copy_file(const FileReader& from, const hdf5::File& to,
                                   const MakeDataset& make);

} // namespace morphogen::store
