#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/repair.hpp"

#include "catch.hpp"
#include "killed_run.hpp"
#include "own_links.hpp"
#include "temporary_directory.hpp"
#include "watchdog.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace test = morphogen::test;
namespace fs = std::filesystem;

using Paths = std::vector<std::string>;

namespace {

store::FileReader open(const fs::path& path) {
    return store::FileReader(path, store::Access::plain, store::Sources::not_looked_at);
}

std::string texts(const std::vector<std::exception_ptr>& errors) {
    std::string all;
    for (const std::exception_ptr& error : errors)
        try {
            std::rethrow_exception(error);
        } catch (const core::Error& e) {
            all += std::string(e.what()) + "\n";
        }
    return all;
}

/// Nothing that the library's first format does not have.
hdf5::Properties plain_creation() {
    return hdf5::Properties(
        hdf5::call("H5Pcreate", {}, [] { return H5Pcreate(H5P_DATASET_CREATE); }));
}

void add_dataset(const hdf5::File& file, const char* name) {
    hdf5::create_dataset(file.get(), name, H5T_NATIVE_INT,
                         hdf5::simple_space(std::vector<hsize_t>{2}), plain_creation());
}

/// In the library's first file format, whose headers have no checksum.
hdf5::File create_old(const fs::path& path) {
    const hdf5::Properties access(
        hdf5::call("H5Pcreate", {}, [] { return H5Pcreate(H5P_FILE_ACCESS); }));
    return hdf5::File(hdf5::call("H5Fcreate", {.name = path.native()}, [&] {
        return H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access.get());
    }));
}

fs::path write_old(const fs::path& path, std::initializer_list<const char*> datasets) {
    const hdf5::File file = create_old(path);
    for (const char* name : datasets)
        add_dataset(file, name);
    return path;
}

haddr_t address_of(const fs::path& path, const char* name) {
    const auto file = hdf5::open_file(path, hdf5::Mode::read);
    H5O_info_t info{};
    hdf5::call("H5Oget_info", {file.get(), name}, [&] {
        return H5Oget_info_by_name2(file.get(), name, &info, H5O_INFO_BASIC, H5P_DEFAULT);
    });
    return info.addr;
}

} // namespace

TEST_CASE("damaged objects do not hide the others of a file") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "frames.h5";
    test::write_killed(directory.path(), 3);
    store::repair_run({directory.path()}, store::RepairMode::repair);
    const Paths all = open(path).whole_contents().datasets;
    REQUIRE(all.size() >= 8);
    for (const char* name : {"time", "stats", "provenance"})
        test::damage_header(path, name);

    const store::FileContents contents = open(path).contents();
    Paths expected;
    for (const std::string& dataset : all)
        if (dataset != "/time" && !dataset.starts_with("/stats/")) expected.push_back(dataset);
    CHECK(contents.datasets == expected);
    CHECK(contents.damaged.size() == 3);
    for (const char* name : {"/time", "/stats", "/provenance"})
        CHECK_THAT(texts(contents.damaged), Catch::Contains(path.native() + ", " + name));
    CHECK_THROWS_WITH(open(path).whole_contents(), Catch::Contains("header is damaged"));
    CHECK_THROWS_WITH(open(path).datasets(), Catch::Contains("header is damaged"));
}

TEST_CASE("nor do those of the old format, nor links that cannot be read") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "old.h5";
    {
        const hdf5::File file = create_old(path);
        for (const char* name : {"a", "b", "c"})
            add_dataset(file, name);
        const hdf5::Group group(hdf5::call("H5Gcreate", {.object = file.get()}, [&] {
            return H5Gcreate2(file.get(), "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        }));
        add_dataset(file, "group/d");
        hdf5::call("H5Lcreate_external", {.object = file.get()}, [&] {
            return H5Lcreate_external("other.h5", "/x", file.get(), "link", H5P_DEFAULT,
                                      H5P_DEFAULT);
        });
    }
    {
        const store::FileContents whole = open(path).whole_contents();
        CHECK(whole.datasets == Paths{"/a", "/b", "/c", "/group/d"});
        REQUIRE(whole.external_links.size() == 1);
        CHECK(whole.external_links[0].path == "/link");
        CHECK(whole.external_links[0].file == "other.h5");
        CHECK(whole.external_links[0].object == "/x");
    }
    test::flip(path, static_cast<std::streamoff>(address_of(path, "b"))); // its version
    store::FileContents contents = open(path).contents();
    CHECK(contents.datasets == Paths{"/a", "/c", "/group/d"});
    CHECK(contents.damaged.size() == 1);
    CHECK(contents.external_links.size() == 1);
    CHECK_THAT(texts(contents.damaged), Catch::Contains(path.native() + ", /b"));

    // Where the names of a group lie: nothing of it can be told, all else can.
    const std::string bytes = test::content(path);
    const auto names = bytes.rfind("SNOD");
    REQUIRE(names != std::string::npos);
    test::flip(path, static_cast<std::streamoff>(names));
    contents = open(path).contents();
    CHECK(contents.datasets == Paths{"/a", "/c"});
    CHECK(contents.damaged.size() == 2);
    CHECK_THAT(texts(contents.damaged), Catch::Contains(path.native() + ", /group"));
}

TEST_CASE("a dataset that damage made look like a committed type is not left out") {
    const test::TemporaryDirectory directory;
    const fs::path path = write_old(directory / "old.h5", {"a", "b"});
    {
        const hdf5::File file = hdf5::open_file(path, hdf5::Mode::write);
        const hdf5::Type type(H5Tcopy(H5T_NATIVE_INT));
        REQUIRE(H5Tcommit2(file.get(), "type", type.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) >=
                0);
    }
    CHECK(open(path).whole_contents().datasets == Paths{"/a", "/b"});
    // The first message of its header, of 16 bytes, is the dataspace: type 1.
    const auto message = static_cast<std::streamoff>(address_of(path, "a")) + 16;
    REQUIRE(test::content(path)[static_cast<std::size_t>(message)] == 1);
    test::flip(path, message);
    const store::FileContents contents = open(path).contents();
    CHECK(contents.datasets == Paths{"/b"});
    CHECK(contents.damaged.size() == 1);
    CHECK_THAT(texts(contents.damaged), Catch::Contains(path.native() + ", /a") &&
                                            Catch::Contains("not their shape or type"));
}

TEST_CASE("a link whose name was lost is damage, not the group itself") {
    const test::TemporaryDirectory directory;
    const fs::path path = write_old(directory / "old.h5", {"only", "other"});
    const auto name = test::content(path).find("only");
    REQUIRE(name != std::string::npos);
    for (const char* damaged : {"", "o/l"}) {
        std::fstream bytes(path, std::ios::binary | std::ios::in | std::ios::out);
        bytes.seekp(static_cast<std::streamoff>(name));
        bytes.write(damaged, static_cast<std::streamsize>(std::string(damaged).size()) + 1);
        bytes.close();
        const store::FileContents contents = open(path).contents();
        CHECK(contents.datasets == Paths{"/other"});
        CHECK_THAT(texts(contents.damaged), Catch::Contains("a link's name is damaged"));
    }
}

TEST_CASE("links of a program's own kind are listed") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "links.h5";
    const test::OwnLinks links;
    {
        const hdf5::File file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        add_dataset(file, "data");
        links.add(file.get(), "own");
    }
    const store::FileContents contents = open(path).contents();
    CHECK(contents.datasets == Paths{"/data"});
    CHECK(contents.unknown_links == Paths{"/own"});
    CHECK(contents.damaged.empty());
}

TEST_CASE("a file's contents are listed once, also where links lead in circles") {
    const test::Watchdog watchdog("circles", std::chrono::seconds(60));
    const test::TemporaryDirectory directory;
    const fs::path path = directory / "links.h5";
    constexpr int depth = 300;
    {
        const hdf5::File file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        std::string deep;
        for (int i = 0; i < depth; ++i)
            hdf5::create_group(file.get(), (deep += "/g").c_str());
        add_dataset(file, (deep + "/data").c_str());
        const auto link = [&](const std::string& from, const char* to) {
            hdf5::call("H5Lcreate_hard", {file.get(), to}, [&] {
                return H5Lcreate_hard(file.get(), from.c_str(), file.get(), to, H5P_DEFAULT,
                                      H5P_DEFAULT);
            });
        };
        link("/", "/g/up");
        link("/g/g", "/g/g/g/back");
        link(deep + "/data", "/z"); // a later name
        link(deep + "/data", "/a"); // an earlier one
        add_dataset(file, "own");
        hdf5::call("H5Lcreate_soft", {.object = file.get()}, [&] {
            return H5Lcreate_soft("/nothing", file.get(), "soft", H5P_DEFAULT, H5P_DEFAULT);
        });
    }
    const store::FileContents contents = open(path).contents();
    CHECK(contents.damaged.empty());
    CHECK(contents.datasets == Paths{"/a", "/own"});
}
