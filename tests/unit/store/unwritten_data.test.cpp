#include "morphogen/core/error.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace test = morphogen::test;
using core::NdBox;

TEST_CASE("what was never stored is fill or zeros, never what the memory held before") {
    const bool is_chunked = GENERATE(true, false);
    const H5D_fill_time_t time = GENERATE(H5D_FILL_TIME_NEVER, H5D_FILL_TIME_IFSET);
    const auto fill =
        GENERATE(H5D_FILL_VALUE_UNDEFINED, H5D_FILL_VALUE_DEFAULT, H5D_FILL_VALUE_USER_DEFINED);
    const bool is_own = fill == H5D_FILL_VALUE_USER_DEFINED;
    const test::TemporaryDirectory directory;
    const auto path = directory / "unwritten.h5";
    {
        const hdf5::File file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        const hdf5::Properties creation(H5Pcreate(H5P_DATASET_CREATE));
        const std::vector<hsize_t> shape{22};
        const std::vector<hsize_t> chunk{5};
        H5Pset_fill_time(creation.get(), time);
        const int seven = 7;
        if (fill != H5D_FILL_VALUE_DEFAULT)
            H5Pset_fill_value(creation.get(), H5T_NATIVE_INT, is_own ? &seven : nullptr);
        if (is_chunked) H5Pset_chunk(creation.get(), 1, chunk.data());
        hdf5::create_dataset(file.get(), "data", H5T_STD_I32LE, hdf5::simple_space(shape),
                             creation);
    }
    const auto file = std::make_shared<const store::FileReader>(path);
    const store::DatasetReader data(file, "data");
    std::vector<int> values(22, -1);
    try {
        data.read_plain(NdBox::whole(data.shape()), std::as_writable_bytes(std::span(values)));
    } catch (const core::Error&) {
        CHECK((fill == H5D_FILL_VALUE_UNDEFINED && time == H5D_FILL_TIME_IFSET)); // refused
        return;
    }
    const bool is_told = is_own && time != H5D_FILL_TIME_NEVER;
    CAPTURE(is_chunked, time, fill);
    CHECK(values == std::vector<int>(22, is_told ? 7 : 0));
}
