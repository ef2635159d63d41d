#include "morphogen/core/error.hpp"
#include "morphogen/rework/open_dataset.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "small_files.hpp"
#include "watchdog.hpp"

using namespace morphogen;
using test::item_values;
using test::SmallFile;
using test::SmallFiles;
using test::write_small_file;
namespace fs = std::filesystem;
namespace hdf5 = test::hdf5;

namespace {

void link_to(const hdf5::File& file, const char* target, const char* object, const char* name) {
    REQUIRE(H5Lcreate_external(target, object, file.get(), name, H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

/// A file that leads to /v of @p target in three ways, and has bytes of its own where that has its
/// values.
void write_links(const fs::path& path, const char* target) {
    write_small_file(path, item_values(99), {.chunk = {}, .dataset = "own"});
    const auto file = hdf5::open_file(path, hdf5::Mode::write);
    link_to(file, target, "/v", "direct");
    link_to(file, target, "/", "group");
    REQUIRE(H5Lcreate_soft("/group/v", file.get(), "soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
}

std::vector<double> values_of(const store::DatasetReader& reader) {
    std::vector<float> values(static_cast<std::size_t>(core::volume(reader.shape())));
    reader.read_plain(core::NdBox::whole(reader.shape()),
                      std::as_writable_bytes(std::span(values)));
    return {values.begin(), values.end()};
}

/// [5, 7] of the whole of /v of @p source.
void write_virtual(const fs::path& path, const char* source) {
    const auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
    const auto creation = hdf5::dataset_creation();
    const auto space = hdf5::simple_space(test::item_shape);
    hdf5::map_virtual(creation, space, source, "/v", space);
    hdf5::create_dataset(file.get(), "all", H5T_IEEE_F32LE, space, creation);
}

} // namespace

TEST_CASE("gather reads what external links lead to") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(60));
    const std::vector<SmallFile> kinds{{}, {.chunk = {}}, {.chunk = {2, 3}}};
    for (const SmallFile& kind : kinds)
        for (const char* name : {"direct", "group/v", "soft"}) {
            CAPTURE(kind.chunk, name);
            SmallFiles made(0);
            for (int i = 0; i < 3; ++i) {
                const std::string target = "t" + std::to_string(i) + ".h5";
                write_small_file(made.directory / target, item_values(i), kind);
                write_links(made.path(i), target.c_str());
                made.list.add(made.path(i).native());
            }
            made.options.dataset = name;
            made.gather();
            std::vector<double> expected;
            for (int i = 0; i < 3; ++i)
                for (const double value : item_values(i))
                    expected.push_back(value);
            CHECK(made.data() == expected);

            fs::remove(made.directory / "t1.h5");
            CHECK_THROWS_WITH(made.gather(), Catch::Contains(made.path(1).native()));
        }
}

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
