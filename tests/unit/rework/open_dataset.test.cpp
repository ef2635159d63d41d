#include "morphogen/rework/open_dataset.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

using namespace morphogen;
using rework::open_dataset;

TEST_CASE("the only dataset of numbers with two axes is the one meant") {
    const test::TemporaryDirectory directory;
    const auto one = test::write_samples(
        directory / "one.h5", {{.name = "line", .shape = {7}}, {.name = "plane", .shape = {3, 4}}});
    CHECK(open_dataset(one, std::nullopt)->info().path == "/plane");
    CHECK(open_dataset(one, "line")->info().path == "/line");
    const auto two = test::write_samples(
        directory / "two.h5", {{.name = "a", .shape = {3, 4}}, {.name = "b", .shape = {3, 4}}});
    CHECK_THROWS_WITH(open_dataset(two, std::nullopt),
                      Catch::Contains("/a, /b") && Catch::Contains("--dataset"));
    const auto none = test::write_samples(directory / "none.h5", {{.name = "line", .shape = {7}}});
    CHECK_THROWS_AS(open_dataset(none, std::nullopt), core::UsageError);
    CHECK_THROWS_AS(open_dataset(directory / "missing.h5", std::nullopt), core::UsageError);
}

TEST_CASE("elements that are no numbers are refused") {
    const test::TemporaryDirectory directory;
    const store::hdf5::Type odd(H5Tcopy(H5T_STD_I32LE));
    H5Tset_precision(odd.get(), 12);
    const auto path = test::write_samples(directory / "odd.h5", {{.type = odd.get()}});
    CHECK_THROWS_WITH(open_dataset(path, "data"), Catch::Contains("not a dataset of numbers"));
}
