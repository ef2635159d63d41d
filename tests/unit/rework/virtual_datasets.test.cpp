#include "morphogen/core/error.hpp"
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/rework/verify.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "linked_files.hpp"
#include "small_files.hpp"
#include "support.hpp"
#include "temporary_directory.hpp"
#include "watchdog.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace morphogen;
using test::budget;
using test::item_values;
using test::link_to;
using test::values_of;
using test::write_small_file;
using test::write_virtual;
namespace fs = std::filesystem;
namespace hdf5 = test::hdf5;

TEST_CASE("sources of a virtual dataset behind an external link are those of its own file") {
    const test::Watchdog watchdog("virtual dataset");
    const test::TemporaryDirectory directory;
    fs::create_directory(directory / "there");
    write_small_file(directory / "there/source.h5", item_values(1));
    write_small_file(directory / "source.h5", item_values(2)); // beside the link
    write_virtual(directory / "there/beside.h5", "source.h5");
    write_virtual(directory / "there/own.h5", ".");
    write_small_file(directory / "link.h5", item_values(2));
    {
        const auto own = hdf5::open_file(directory / "there/own.h5", hdf5::Mode::write);
        const auto data =
            hdf5::create_dataset(own.get(), "v", H5T_IEEE_F32LE,
                                 hdf5::simple_space(test::item_shape), hdf5::dataset_creation());
        hdf5::write(data, H5T_NATIVE_DOUBLE, item_values(1).data());
        const auto link = hdf5::open_file(directory / "link.h5", hdf5::Mode::write);
        link_to(link, "there/beside.h5", "/all", "beside");
        link_to(link, "there/own.h5", "/all", "own");
    }
    for (const char* name : {"beside", "own"}) {
        CAPTURE(name);
        CHECK(values_of(*rework::open_dataset(directory / "link.h5", name)) == item_values(1));
    }
    fs::remove(directory / "there/source.h5");
    CHECK_THROWS_WITH(rework::open_dataset(directory / "link.h5", "beside"),
                      Catch::Contains("there/source.h5"));
}

TEST_CASE("damaged mappings of a virtual dataset are found before the library decodes them") {
    const test::Watchdog watchdog("damaged mappings", std::chrono::seconds(60));
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "virtual.h5";
    write_virtual(path, "source.h5");
    std::ifstream file(path, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    const std::size_t heap = whole.find("GCOL");
    const std::size_t name = whole.find("source.h5", heap);
    REQUIRE(name < whole.size());
    for (std::size_t at = heap + 32; at < name + 9; ++at) {
        CAPTURE(at - heap);
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
        std::ofstream(path, std::ios::binary) << damaged;
        CHECK_THROWS_WITH(rework::open_dataset(path, "all"),
                          Catch::Contains("mappings of a virtual dataset are damaged"));
    }
}

TEST_CASE("a virtual dataset whose sources lead back to it is refused, and verify tells") {
    const test::Watchdog watchdog("virtual dataset");
    const test::TemporaryDirectory directory;
    write_virtual(directory / "self.h5", ".", "/all");
    write_virtual(directory / "one.h5", "two.h5", "/all");
    write_virtual(directory / "two.h5", "one.h5", "/all");
    write_virtual(directory / "above.h5", "one.h5", "/all"); // leads into the circle
    for (const char* name : {"self.h5", "one.h5", "above.h5"}) {
        CAPTURE(name);
        const fs::path path = directory / name;
        CHECK_THROWS_WITH(rework::open_dataset(path, "all"), Catch::Contains("lead back to it"));
        std::vector<std::string> problems;
        rework::verify(path, budget,
                       [&](const std::string& problem) { problems.push_back(problem); });
        REQUIRE_FALSE(problems.empty());
        CHECK_THAT(problems.front(), Catch::Contains("lead back to it"));
    }
    write_small_file(directory / "source.h5", item_values(1), {.dataset = "all"});
    write_virtual(directory / "two.h5", "source.h5", "/all"); // no circle: two virtual ones
    CHECK(values_of(*rework::open_dataset(directory / "one.h5", "all")) == item_values(1));
}
