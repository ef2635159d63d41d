#pragma once

#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"

#include <array>
#include <string>
#include <vector>

namespace morphogen::store {

/// The first @p count values of a dataset with one per frame. @throws core::Error
template <typename Value>
std::vector<Value> read_column(const hdf5::File& file, const std::string& name, hid_t type,
                               core::Index count) {
    const auto column = hdf5::open_dataset(file.get(), name.c_str());
    const std::array<hsize_t, 1> first{0};
    const std::array<hsize_t, 1> length{static_cast<hsize_t>(count)};
    const hdf5::Space space = hdf5::space_of(column);
    hdf5::select_box(space, first, length);
    std::vector<Value> values(static_cast<std::size_t>(count));
    hdf5::read(column, type, hdf5::simple_space(length), space, values.data());
    return values;
}

} // namespace morphogen::store
