#include "rework/file_frames.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <cmath>

using namespace morphogen;
using core::Index;
using core::NdBox;
using rework::FileFrames;

namespace {

std::vector<codec::Hdf5Filter> deflate(std::size_t element) {
    return codec::hdf5_filters({.codec = codec::parse_codec("deflate:1"), .element_size = element});
}

/// The largest of planes [first, last) by the library, frame by frame.
std::vector<double> expected(const store::FileReader& file, const std::string& name,
                             const core::Extents& shape, const std::vector<Index>& frames,
                             Index first, Index last) {
    std::vector<double> all;
    for (const Index frame : frames) {
        std::vector<double> largest(static_cast<std::size_t>(shape[1] * shape[2]), std::nan(""));
        std::vector<double> plane(largest.size());
        for (Index z = first; z < last; ++z) {
            file.read_frame(name, frame, {{z, 0, 0}, {z + 1, shape[1], shape[2]}}, plane);
            std::transform(largest.begin(), largest.end(), plane.begin(), largest.begin(),
                           [](double a, double b) { return std::fmax(a, b); });
        }
        all.insert(all.end(), largest.begin(), largest.end());
    }
    return all;
}

} // namespace

TEST_CASE("frames of every layout are those that the library reads") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "many.h5",
        {{.name = "contiguous", .shape = {7, 9, 11}},
         {.name = "deep", .shape = {7, 9, 11}, .chunk = {4, 4, 5}, .filters = deflate(4)},
         {.name = "short",
          .shape = {7, 9, 11},
          .chunk = {3, 9, 4},
          .type = H5T_STD_I16BE,
          .filters = deflate(2)},
         {.name = "solid", .shape = {5, 8, 6, 7}, .type = H5T_IEEE_F64BE},
         {.name = "blocks",
          .shape = {5, 8, 6, 7},
          .chunk = {2, 3, 4, 3},
          .type = H5T_STD_U8LE,
          .filters = deflate(1)},
         {.name = "partly",
          .shape = {5, 8, 6, 7},
          .chunk = {2, 3, 4, 3},
          .written = {{0, 2, 0, 0}, {3, 8, 6, 7}}}});
    const auto file = std::make_shared<const store::FileReader>(path);
    for (const char* name : {"contiguous", "deep", "short", "solid", "blocks", "partly"}) {
        CAPTURE(name);
        FileFrames source(file, name);
        const core::Extents shape = source.shape();
        for (const std::vector<Index>& frames :
             {std::vector<Index>{0, 1, 2, 3, 4}, std::vector<Index>{4, 1}, std::vector<Index>{3}})
            for (const auto& [first, last] :
                 {std::pair<Index, Index>{0, shape[0]}, {shape[0] - 1, shape[0]}, {0, 1}})
                for (const int threads : {1, 2, 3}) {
                    CAPTURE(frames, first, last, threads);
                    std::vector<double> planes(frames.size() *
                                               static_cast<std::size_t>(shape[1] * shape[2]));
                    source.read(frames, first, last, planes, threads);
                    CHECK(planes == expected(*file, name, shape, frames, first, last));
                }
    }
}

TEST_CASE("a projection shows what is a number") {
    const test::TemporaryDirectory directory;
    namespace hdf5 = store::hdf5;
    const auto path = directory / "nan.h5";
    {
        const hdf5::File file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        const std::vector<hsize_t> sizes{1, 2, 1, 3};
        const hdf5::Space space = hdf5::simple_space(sizes);
        const hdf5::Dataset data =
            hdf5::create_dataset(file.get(), "v", H5T_IEEE_F32LE, space, hdf5::dataset_creation());
        const double nan = std::nan("");
        const std::vector<double> values{nan, 1.0, nan, -5.0, nan, nan};
        hdf5::write(data, H5T_NATIVE_DOUBLE, space, space, values.data());
    }
    FileFrames source(std::make_shared<const store::FileReader>(path), "v");
    std::vector<double> plane(3);
    source.read(std::vector<Index>{0}, 0, 2, plane, 2);
    CHECK(plane[0] == -5.0);
    CHECK(plane[1] == 1.0);
    CHECK(std::isnan(plane[2]));
}

TEST_CASE("what cannot be read as numbers is refused by name") {
    const test::TemporaryDirectory directory;
    const auto path =
        test::write_samples(directory / "odd.h5", {{.name = "line", .shape = {100}},
                                                   {.name = "solid", .shape = {2, 2, 2, 2, 2}},
                                                   {.name = "one", .shape = {4, 3, 3}},
                                                   {.name = "two", .shape = {4, 3, 3}}});
    const auto open = [&](const char* name) { return rework::open_frames(path, name); };
    CHECK_THROWS_WITH(open("line"), Catch::Contains("line") && Catch::Contains("[100]"));
    CHECK_THROWS_AS(open("solid"), core::UsageError);
    CHECK_THROWS_WITH(open("three"), Catch::Contains("no such dataset"));
    CHECK_THROWS_WITH(rework::open_frames(path, std::nullopt),
                      Catch::Contains("/one, /two") && Catch::Contains("--dataset"));
}
