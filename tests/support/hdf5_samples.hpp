#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/hdf5/call.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

/// Datasets as other programs write them: through the library alone.
namespace morphogen::test {

struct SampleDataset {
    std::string name = "data";
    core::Dims shape{4, 10, 12};
    core::Dims chunk = {}; // rank 0: contiguous
    hid_t type = H5T_IEEE_F32LE;
    std::vector<codec::Hdf5Filter> filters = {};
    core::NdBox written = {}; // rank 0: all
};

/// Element number @p n (row-major) of a sample.
inline double sample_element(core::Index n) {
    return static_cast<double>(n * 37 % 101);
}

inline void write_sample(const store::hdf5::File& file, const SampleDataset& sample) {
    namespace hdf5 = store::hdf5;
    const auto sizes = [](const core::Dims& d) { return std::vector<hsize_t>(d.begin(), d.end()); };
    const hdf5::Properties creation = hdf5::dataset_creation();
    if (sample.chunk.rank() > 0) hdf5::set_chunk(creation, sizes(sample.chunk));
    hdf5::set_filters(creation, sample.filters);
    const hdf5::Space space = hdf5::simple_space(sizes(sample.shape));
    const hdf5::Dataset data =
        hdf5::create_dataset(file.get(), sample.name.c_str(), sample.type, space, creation);
    const core::NdBox box =
        sample.written.rank() > 0 ? sample.written : core::NdBox::whole(sample.shape);
    std::vector<double> values;
    const auto grid = core::ChunkGrid(sample.shape, core::Dims(sample.shape.rank(), 1));
    const core::NdBox cells = grid.touched(box);
    for (core::Index n = 0; n < cells.volume(); ++n)
        values.push_back(sample_element(grid.number_in(cells, n)));
    hdf5::select_box(space, sizes(box.lo), sizes(box.shape()));
    hdf5::write(data, H5T_NATIVE_DOUBLE, hdf5::simple_space(sizes(box.shape())), space,
                values.data());
}

inline std::filesystem::path write_samples(const std::filesystem::path& path,
                                           const std::vector<SampleDataset>& samples) {
    namespace hdf5 = store::hdf5;
    const hdf5::File file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
    for (const SampleDataset& sample : samples)
        write_sample(file, sample);
    return path;
}

/// Where the chunk that begins at @p at lies in the file.
inline haddr_t chunk_address(const std::filesystem::path& path, const char* name,
                             const core::Dims& at) {
    namespace hdf5 = store::hdf5;
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    const auto data = hdf5::open_dataset(file.get(), name);
    const std::vector<hsize_t> offset(at.begin(), at.end());
    haddr_t address = HADDR_UNDEF;
    unsigned mask = 0;
    hsize_t size = 0;
    hdf5::call("H5Dget_chunk_info_by_coord", {.object = data.get()}, [&] {
        return H5Dget_chunk_info_by_coord(data.get(), offset.data(), &mask, &address, &size);
    });
    return address;
}

} // namespace morphogen::test
