#include "morphogen/core/error.hpp"
#include "morphogen/rework/gather.hpp"

#include "catch.hpp"
#include "small_files.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>

using namespace morphogen;
using test::item_cells;
using test::item_values;
using test::SmallFiles;
using test::write_small_file;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void replace(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

/// Flips bytes where the compressed values lie: the middle of a file of mostly values.
void damage_chunk(const fs::path& path) {
    write_small_file(path, item_values(1), {.chunk = {5, 7}});
    std::string bytes = contents(path);
    const auto zlib = bytes.find("\x78\x01"); // the stream's header
    REQUIRE(zlib != std::string::npos);
    for (std::size_t i = zlib + 8; i < zlib + 16; ++i)
        bytes[i] = static_cast<char>(~bytes[i]);
    replace(path, bytes);
}

struct Fault {
    const char* what;
    std::function<void(const fs::path&)> plant;
    const char* message;
};

const std::vector<Fault> faults{
    {"missing", [](const fs::path& p) { fs::remove(p); }, "No such file"},
    {"a directory",
     [](const fs::path& p) {
         fs::remove(p);
         fs::create_directory(p);
     },
     ""},
    {"not HDF5", [](const fs::path& p) { replace(p, "hello"); }, ""},
    {"empty", [](const fs::path& p) { replace(p, ""); }, ""},
    {"truncated",
     [](const fs::path& p) {
         const std::string bytes = contents(p);
         replace(p, bytes.substr(0, bytes.size() / 2));
     },
     ""},
    {"a chunk is damaged", damage_chunk, "offset"},
    {"another shape",
     [](const fs::path& p) {
         write_small_file(p, std::vector<double>(28), {.shape = {4, 7}, .chunk = {4, 7}});
     },
     "[4, 7]"},
    {"another type",
     [](const fs::path& p) { write_small_file(p, item_values(0), {.type = H5T_IEEE_F64LE}); },
     "float64"},
    {"no such dataset",
     [](const fs::path& p) { write_small_file(p, item_values(0), {.dataset = "w"}); }, "/v"},
    {"chunks that do not fit memory",
     [](const fs::path& p) {
         const auto file =
             test::hdf5::create_file(p, test::hdf5::file_creation(), test::hdf5::file_access());
         const auto creation = test::hdf5::dataset_creation();
         test::hdf5::set_chunk(creation, std::vector<hsize_t>{4096, 4096});
         const codec::FilterPipeline filters;
         test::hdf5::set_filters(creation, codec::hdf5_filters(filters));
         const std::vector<hsize_t> unlimited{H5S_UNLIMITED, H5S_UNLIMITED};
         const auto dataset = test::hdf5::create_dataset(
             file.get(), "v", H5T_IEEE_F32LE, test::hdf5::simple_space(test::item_shape, unlimited),
             creation);
         test::hdf5::write(dataset, H5T_NATIVE_DOUBLE, item_values(0).data());
     },
     "chunks too large"}};

} // namespace

TEST_CASE("one unreadable file ends the command, and leaves nothing") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(100));
    for (const Fault& fault : faults)
        for (const int where : {1, 6, 12}) {
            CAPTURE(fault.what, where);
            SmallFiles made(13);
            fault.plant(made.path(where));
            made.options.group_size = 5;
            CHECK_THROWS_WITH(made.gather(), Catch::Contains(made.path(where).native()) &&
                                                 Catch::Contains(fault.message));
            CHECK(made.nothing_left());
        }
}

TEST_CASE("or it is named, and its place holds fill values") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(100));
    for (const Fault& fault : faults)
        for (const int where : {0, 1, 6, 12}) {
            // The first readable file says what all must be.
            const bool sets_the_tone =
                where == 0 &&
                (std::string(fault.message).starts_with('[') ||
                 std::string(fault.message) == "float64" || std::string(fault.message) == "/v" ||
                 std::string(fault.what).starts_with("chunks") ||
                 std::string(fault.what).starts_with("a chunk"));
            if (sets_the_tone) continue;
            CAPTURE(fault.what, where);
            SmallFiles made(13);
            fault.plant(made.path(where));
            made.options.on_error = rework::OnError::fill;
            const auto result = made.gather();
            CHECK(result.failed == 1);
            REQUIRE(made.notes.size() == 1);
            CHECK_THAT(made.notes.front(), Catch::Contains(made.path(where).native()));
            const auto data = made.data();
            for (int f = 0; f < 13; ++f) {
                const double first = data[static_cast<std::size_t>(f) * item_cells + 3];
                CHECK((f == where ? std::isnan(first) : first == item_values(f)[3]));
            }
            CHECK(made.sources()[static_cast<std::size_t>(where)] ==
                  made.path(where).filename().native());
        }
}

TEST_CASE("a reduction is that of the files that can be read") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(6);
    for (const int i : {1, 3, 4, 5})
        replace(made.path(i), "no");
    made.options.on_error = rework::OnError::fill;
    made.options.reduction = rework::Reduction::mean;
    made.options.group_size = 3;
    CHECK(made.gather().failed == 4);
    const auto data = made.data();
    CHECK(data[2] == (item_values(0)[2] + item_values(2)[2]) / 2);
    CHECK(std::isnan(data[item_cells]));
}

TEST_CASE("missing integers are 0, and a note says so") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(3, {.type = H5T_STD_I32LE});
    made.options.group_size = 2;
    made.gather();
    CHECK(made.data().back() == 0.0);
    REQUIRE(made.notes.size() == 1);
    CHECK_THAT(made.notes.front(), Catch::Contains("0 in /data"));
}

TEST_CASE("an output that cannot be written is named, and nothing is left") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(3);
    made.options.output = made.directory / "no" / "out.h5";
    CHECK_THROWS_WITH(made.gather(), Catch::Contains(made.options.output.native()));
    made.options.output = made.directory / "taken";
    fs::create_directory(made.options.output);
    std::ofstream(made.options.output / "file") << "x"; // cannot be renamed over
    CHECK_THROWS_WITH(made.gather(), Catch::Contains("taken"));
    CHECK_FALSE(fs::exists(made.directory / "taken.new"));
}

TEST_CASE("an output that exists is replaced only by a whole one") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(3);
    replace(made.out, "precious");
    replace(made.path(2), "no");
    CHECK_THROWS_AS(made.gather(), core::Error);
    CHECK(contents(made.out) == "precious");
    made.options.replace = false;
    CHECK_THROWS_WITH(made.gather(), Catch::Contains("exists already"));
    CHECK(contents(made.out) == "precious");
    made.options.replace = true;
    made.options.on_error = rework::OnError::fill;
    made.gather();
    CHECK(made.data().size() == 3 * item_cells);
}

TEST_CASE("options that cannot be are refused before anything is written") {
    const test::Watchdog watchdog("gather");
    const auto refused = [](const char* text, const std::function<void(SmallFiles&)>& change) {
        SmallFiles made(4);
        change(made);
        CAPTURE(text);
        CHECK_THROWS_AS(made.gather(), core::UsageError);
        CHECK_THROWS_WITH(made.gather(), Catch::Contains(text));
        CHECK_FALSE(fs::exists(made.out));
    };
    refused("no files", [](SmallFiles& m) { m.list = {}; });
    refused("regular expression", [](SmallFiles& m) { m.options.group_by = "("; });
    refused("no group", [](SmallFiles& m) { m.options.group_by = "/f[12]"; });
    refused("at once", [](SmallFiles& m) {
        m.options.group_by = "f";
        m.options.group_size = 1;
    });
    refused("axes in --chunks", [](SmallFiles& m) { m.options.chunks = {1, 5}; });
    refused("several groups", [](SmallFiles& m) {
        m.options.group_size = 2;
        m.options.chunks = {2, 1, 5, 7};
    });
    refused("--memory", [](SmallFiles& m) { m.options.memory = 1 << 20; });
    refused("cannot write over the input", [](SmallFiles& m) { m.options.output = m.path(2); });
    refused("--dataset", [](SmallFiles& m) {
        const auto file = test::hdf5::open_file(m.path(0), test::hdf5::Mode::write);
        test::hdf5::create_dataset(file.get(), "w", H5T_IEEE_F32LE,
                                   test::hdf5::simple_space(test::item_shape),
                                   test::hdf5::dataset_creation());
    });
}

TEST_CASE("where no file can be read there is nothing to make") {
    const test::Watchdog watchdog("gather");
    SmallFiles made(2);
    for (const int i : {0, 1})
        replace(made.path(i), "no");
    made.options.on_error = rework::OnError::fill;
    CHECK_THROWS_WITH(made.gather(), Catch::Contains("no file can be read"));
    CHECK(made.nothing_left());
}
