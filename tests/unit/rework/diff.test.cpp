#include "morphogen/rework/diff.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

#include <cmath>
#include <limits>

using namespace morphogen;
using core::Dims;
using core::Index;

namespace {

std::vector<rework::DatasetDifference> diff(const std::filesystem::path& a,
                                            const std::filesystem::path& b, double tolerance = 0,
                                            std::uint64_t memory = std::uint64_t{1} << 26) {
    return rework::diff(
        a, b, {.budget = {.threads = 2, .memory = memory}, .datasets = {}, .tolerance = tolerance});
}

void set_element(const std::filesystem::path& path, const Dims& at, double value) {
    namespace hdf5 = store::hdf5;
    const auto file = hdf5::open_file(path, hdf5::Mode::write);
    const auto data = hdf5::open_dataset(file.get(), "data");
    const hdf5::Space space = hdf5::space_of(data);
    const std::vector<hsize_t> start(at.begin(), at.end());
    const std::vector<hsize_t> one(start.size(), 1);
    hdf5::select_box(space, start, one);
    hdf5::write(data, H5T_NATIVE_DOUBLE, hdf5::simple_space(one), space, &value);
}

} // namespace

TEST_CASE("diff: layout codec byte order and number type do not matter") {
    const test::TemporaryDirectory directory;
    const Dims shape{9, 20, 31};
    const auto a = test::write_samples(
        directory / "a.h5",
        {{.shape = shape, .chunk = {1, 7, 31}, .filters = codec::hdf5_filters({})}});
    const test::SampleDataset others[] = {
        {.shape = shape},
        {.shape = shape, .chunk = {9, 5, 5}, .type = H5T_IEEE_F64BE},
        {.shape = shape, .chunk = {3, 3, 3}, .type = H5T_STD_I16BE},
        {.shape = shape, .type = H5T_STD_U64LE}};
    for (const auto& other : others)
        for (const std::uint64_t memory : {std::uint64_t{200'000}, std::uint64_t{1} << 26}) {
            const auto b = test::write_samples(directory / "b.h5", {other});
            const auto result = diff(a, b, 0, memory);
            REQUIRE(result.size() == 1);
            CHECK(result[0].same());
        }
}

TEST_CASE("diff: first and largest difference wherever they are") {
    const test::TemporaryDirectory directory;
    const Dims shape{9, 20, 31};
    const auto a = test::write_samples(directory / "a.h5", {{.shape = shape, .chunk = {2, 20, 9}}});
    const auto b = test::write_samples(directory / "b.h5", {{.shape = shape, .chunk = {9, 4, 4}}});
    set_element(b, {8, 0, 0}, 1000.0);
    set_element(b, {2, 19, 30}, -1.0);
    set_element(b, {2, 3, 4}, -1.0);
    for (const std::uint64_t memory : {std::uint64_t{200'000}, std::uint64_t{1} << 26}) {
        const auto d = diff(a, b, 0, memory).at(0);
        CHECK(d.different == 3);
        CHECK(d.first->at == Dims{2, 3, 4});
        CHECK(d.first->b == -1.0);
        CHECK(d.largest->at == Dims{8, 0, 0});
        CHECK(d.largest->b == 1000.0);
    }
    CHECK(diff(a, b, 150.0).at(0).different == 1);
    CHECK(diff(a, b, 2000.0).at(0).same());
}

TEST_CASE("diff: NaN is NaN and more than any number") {
    const test::TemporaryDirectory directory;
    const auto a = test::write_samples(directory / "a.h5", {{}});
    const auto b = test::write_samples(directory / "b.h5", {{}});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    set_element(a, {1, 2, 3}, nan);
    set_element(b, {1, 2, 3}, nan);
    CHECK(diff(a, b).at(0).same());
    set_element(b, {2, 0, 0}, nan);
    set_element(b, {3, 0, 0}, 1e30);
    const auto d = diff(a, b, 1e40).at(0);
    CHECK(d.different == 1);
    CHECK(std::isnan(d.largest->b));
}

TEST_CASE("diff: other shapes types and datasets are differences") {
    const test::TemporaryDirectory directory;
    const auto a =
        test::write_samples(directory / "a.h5", {{.name = "s"}, {.name = "r"}, {.name = "only"}});
    const auto b = test::write_samples(
        directory / "b.h5", {{.name = "s", .shape = {4, 10, 13}}, {.name = "r", .shape = {4}}});
    const auto result = diff(a, b);
    REQUIRE(result.size() == 3);
    CHECK_THAT(result[0].why, Catch::Contains("only in"));
    CHECK_THAT(result[1].why, Catch::Contains("3 axes and 1"));
    CHECK_THAT(result[2].why, Catch::Contains("shapes 4 x 10 x 12 and 4 x 10 x 13"));
    CHECK_THROWS_WITH(diff(a, a, 0, 100), Catch::Contains("not enough memory"));
    rework::DiffOptions options;
    options.budget.memory = std::uint64_t{1} << 20;
    options.datasets = {"no"};
    CHECK_THROWS_WITH(rework::diff(a, b, options), Catch::Contains("no such dataset"));
}
