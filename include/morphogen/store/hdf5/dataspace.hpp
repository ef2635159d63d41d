#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include <span>
#include <vector>

/// Dataspaces and selections. All throw core::Error.
namespace morphogen::store::hdf5 {

/// As the library takes shapes and places.
std::vector<hsize_t> sizes(const core::Dims& d);

Space scalar_space();
/// @param max_shape as long as @p shape, or empty for a fixed shape.
Space simple_space(std::span<const hsize_t> shape, std::span<const hsize_t> max_shape = {});

/// Selects count cells from start on along each axis.
void select_box(const Space& space, std::span<const hsize_t> start, std::span<const hsize_t> count);
/// Selects as select_box, but without end along the first axis: for virtual datasets that follow
/// growing sources.
void select_box_unlimited(const Space& space, std::span<const hsize_t> start,
                          std::span<const hsize_t> count);
void select_none(const Space& space);

std::vector<hsize_t> shape_of(const Space& space);
std::vector<hsize_t> max_shape_of(const Space& space);

} // namespace morphogen::store::hdf5
