#include "morphogen/store/hdf5/dataspace.hpp"

namespace morphogen::store::hdf5 {
namespace {

std::size_t axes_of(const Space& space) {
    return static_cast<std::size_t>(call("H5Sget_simple_extent_ndims", {},
                                         [&] { return H5Sget_simple_extent_ndims(space.get()); }));
}

} // namespace

std::vector<hsize_t> sizes(const core::Dims& d) {
    return {d.begin(), d.end()};
}

Space scalar_space() {
    return Space(call("H5Screate", {}, [] { return H5Screate(H5S_SCALAR); }));
}

Space simple_space(std::span<const hsize_t> shape, std::span<const hsize_t> max_shape) {
    return Space(call("H5Screate_simple", {}, [&] {
        return H5Screate_simple(static_cast<int>(shape.size()), shape.data(),
                                max_shape.empty() ? nullptr : max_shape.data());
    }));
}

void select_box(const Space& space, std::span<const hsize_t> start,
                std::span<const hsize_t> count) {
    call("H5Sselect_hyperslab", {}, [&] {
        return H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                                   nullptr);
    });
}

void select_box_unlimited(const Space& space, std::span<const hsize_t> start,
                          std::span<const hsize_t> count) {
    // One block per frame, without end: count unlimited along time, one elsewhere.
    const std::vector<hsize_t> block_counts = [&] {
        std::vector<hsize_t> counts(count.size(), 1);
        counts.front() = H5S_UNLIMITED;
        return counts;
    }();
    std::vector<hsize_t> block(count.begin(), count.end());
    block.front() = 1;
    const std::vector<hsize_t> stride = block;
    call("H5Sselect_hyperslab", {}, [&] {
        return H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), stride.data(),
                                   block_counts.data(), block.data());
    });
}

void select_none(const Space& space) {
    call("H5Sselect_none", {}, [&] { return H5Sselect_none(space.get()); });
}

std::vector<hsize_t> shape_of(const Space& space) {
    std::vector<hsize_t> shape(axes_of(space));
    call("H5Sget_simple_extent_dims", {},
         [&] { return H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr); });
    return shape;
}

std::vector<hsize_t> max_shape_of(const Space& space) {
    std::vector<hsize_t> shape(axes_of(space));
    call("H5Sget_simple_extent_dims", {},
         [&] { return H5Sget_simple_extent_dims(space.get(), nullptr, shape.data()); });
    return shape;
}

} // namespace morphogen::store::hdf5
