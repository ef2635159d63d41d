#include "morphogen/store/hdf5/attribute.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/repair.hpp"

#include "catch.hpp"
#include "killed_run.hpp"
#include "store/hdf5/superblock.hpp"
#include "temporary_directory.hpp"

#include <filesystem>
#include <span>
#include <string>

namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace test = morphogen::test;

namespace {

using Open = void (*)(const hdf5::File& file);

struct Damaged {
    const char* name;
    Open open;
};

/// The library opens it at the second attempt, and cannot close the file any more.
void check_refused(const Damaged& damaged) {
    const test::TemporaryDirectory directory;
    const auto path = directory / "frames.h5";
    test::write_killed(directory.path(), 3);
    store::repair_run({directory.path()}, store::RepairMode::repair);
    test::damage_header(path, damaged.name);
    CAPTURE(damaged.name);
    if (damaged.open == nullptr) {
        for (int attempt = 0; attempt < 3; ++attempt)
            CHECK_THROWS_WITH(hdf5::open_file(path, hdf5::Mode::read),
                              Catch::Contains("frames.h5") && Catch::Contains("header is damaged"));
    } else {
        const hdf5::File file = hdf5::open_file(path, hdf5::Mode::read);
        for (int attempt = 0; attempt < 3; ++attempt)
            CHECK_THROWS_WITH(damaged.open(file), Catch::Contains("frames.h5") &&
                                                      Catch::Contains("header is damaged") &&
                                                      Catch::Contains(damaged.name));
    }
    CHECK(H5Fget_obj_count(static_cast<hid_t>(H5F_OBJ_ALL), H5F_OBJ_FILE) == 0);
}

} // namespace

TEST_CASE("an object whose header is damaged is refused at each attempt, and its file closes") {
    check_refused({"v", [](const hdf5::File& f) { hdf5::open_dataset(f.get(), "v"); }});
    check_refused({"step", [](const hdf5::File& f) { hdf5::open_dataset(f.get(), "/step"); }});
    check_refused({"stats", [](const hdf5::File& f) { hdf5::open_group(f.get(), "stats"); }});
    check_refused(
        {"stats", [](const hdf5::File& f) { hdf5::open_dataset(f.get(), "stats/v_min"); }});
    check_refused({".", nullptr}); // the root group: the file itself
}

TEST_CASE("a large group whose links' heap or tree is damaged is refused at each attempt") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "large.h5";
    {
        const auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        hdf5::create_group(file.get(), "large");
        for (int i = 0; i < 40; ++i)
            hdf5::create_group(file.get(), ("large/" + std::to_string(i)).c_str());
    }
    const std::string whole = test::content(path);
    for (const char* mark : {"FRHP", "BTHD"}) {
        CAPTURE(mark);
        const std::size_t at = whole.find(mark);
        REQUIRE(at != std::string::npos);
        for (const std::size_t byte : {0U, 5U, 7U, 21U, 30U}) {
            CAPTURE(byte);
            test::flip(path, static_cast<std::streamoff>(at + byte));
            {
                const auto file = hdf5::open_file(path, hdf5::Mode::read);
                for (int attempt = 0; attempt < 3; ++attempt)
                    CHECK_THROWS_WITH(hdf5::open_group(file.get(), "large"),
                                      Catch::Contains("large.h5, large") &&
                                          Catch::Contains("links lie is damaged"));
            }
            test::flip(path, static_cast<std::streamoff>(at + byte));
        }
    }
    hdf5::open_group(hdf5::open_file(path, hdf5::Mode::read).get(), "large/39"); // whole again
}

TEST_CASE("data are read though the heap of their many attributes is damaged") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "attributes.h5";
    {
        const auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        const auto data = hdf5::create_dataset(file.get(), "data", H5T_NATIVE_INT,
                                               hdf5::simple_space(std::vector<hsize_t>{2}),
                                               hdf5::dataset_creation());
        for (int i = 0; i < 40; ++i)
            hdf5::write_attribute(data.get(), ("a" + std::to_string(i)).c_str(), std::int64_t{i});
    }
    const std::size_t heap = test::content(path).find("FRHP");
    REQUIRE(heap != std::string::npos);
    test::flip(path, static_cast<std::streamoff>(heap));
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    CHECK(hdf5::shape_of(hdf5::open_dataset(file.get(), "data")) == std::vector<hsize_t>{2});
}

#if !MORPHOGEN_TEST_SANITIZED // HDF5, which is not instrumented, takes half a minute for it
TEST_CASE("a header of more than 64 MiB is not called damaged") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "attributes.h5";
    {
        const auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        const auto creation = hdf5::dataset_creation();
        REQUIRE(H5Pset_attr_phase_change(creation.get(), 65535, 0) >= 0); // all in the header
        const auto data =
            hdf5::create_dataset(file.get(), "data", H5T_NATIVE_INT,
                                 hdf5::simple_space(std::vector<hsize_t>{2}), creation);
        const std::vector<std::int64_t> large(7600);
        for (int i = 0; i < 1150; ++i)
            hdf5::write_attribute(data.get(), ("a" + std::to_string(i)).c_str(), large);
    }
    REQUIRE(std::filesystem::file_size(path) > std::uintmax_t{64} << 20);
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    CHECK(hdf5::shape_of(hdf5::open_dataset(file.get(), "data")) == std::vector<hsize_t>{2});
}
#endif

TEST_CASE("a superblock is found behind a user block, and what it says") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 1);
    const std::string killed = test::content(directory / "frames.h5");
    for (const std::size_t before : {0U, 512U, 4096U}) {
        CAPTURE(before);
        const std::string file = std::string(before, 'x') + killed;
        CHECK(hdf5::superblock_in(file) == before);
        CHECK(hdf5::says_writer(file));
    }
    CHECK_FALSE(hdf5::superblock_in(std::string(700, 'x') + killed)); // not where one may be
    CHECK_FALSE(hdf5::says_writer(std::string(700, 'x') + killed));
    CHECK_FALSE(hdf5::root_in(killed.substr(0, 43))); // cut off
    CHECK(hdf5::root_in(killed.substr(0, hdf5::superblock_bytes)) == hdf5::superblock_bytes);
    store::repair_run({directory.path()}, store::RepairMode::repair);
    CHECK_FALSE(hdf5::says_writer(test::content(directory / "frames.h5")));
}
