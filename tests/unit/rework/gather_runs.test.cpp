#include "morphogen/core/error.hpp"
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/store/small_dataset.hpp"

#include "catch.hpp"
#include "killed_run.hpp"
#include "small_files.hpp"
#include "store/hdf5/superblock.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <fstream>
#include <string>

using namespace morphogen;
using core::Index;
using test::SmallFiles;
namespace fs = std::filesystem;
namespace hdf5 = test::hdf5;

namespace {

std::vector<double> committed_values(const fs::path& path) {
    const auto reader = rework::open_dataset(path, "v");
    std::vector<float> values(static_cast<std::size_t>(core::volume(reader->shape())));
    reader->read_plain(core::NdBox::whole(reader->shape()),
                       std::as_writable_bytes(std::span(values)));
    return {values.begin(), values.end()};
}

/// As of a kill between the flush of a frame and that of what commits it.
void add_uncommitted(const fs::path& path) {
    const auto mark = hdf5::read_mark(path);
    REQUIRE(mark);
    hdf5::clear_mark(path, mark->size);
    {
        const auto file = hdf5::open_file(path, hdf5::Mode::write);
        const auto data = hdf5::open_dataset(file.get(), "v");
        auto shape = hdf5::shape_of(data);
        ++shape.front();
        hdf5::resize(data, shape);
    }
    test::mark_as_open(path);
}

/// @returns its frames.h5, of three committed frames
fs::path killed_run(const fs::path& root, Index frames_per_file = 0) {
    fs::create_directories(root / "parts");
    test::write_killed(root, 3, frames_per_file);
    add_uncommitted(root / (frames_per_file == 0 ? "frames.h5" : "parts/0001.0000.h5"));
    return root / "frames.h5";
}

Index stored_frames(const fs::path& path) {
    return store::FileReader(path).dataset("/v").shape.front();
}

} // namespace

TEST_CASE("gather takes the committed frames of a killed run's files, and tells what it leaves") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(60));
    const test::TemporaryDirectory directory;
    killed_run(directory / "one");
    killed_run(directory / "segments", 2);
    fs::create_directory(directory / "block");
    const std::string killed = test::content(directory / "one/frames.h5");
    std::ofstream(directory / "block/frames.h5", std::ios::binary)
        << std::string(512, '#') << killed; // a user block
    for (const char* name : {"one/frames.h5", "segments/frames.h5", "segments/parts/0001.0000.h5",
                             "block/frames.h5"}) {
        CAPTURE(name);
        const fs::path path = directory / name;
        const Index frames = fs::path(name).stem() == "frames" ? 3 : 1;
        CHECK(stored_frames(path) == frames + 1); // one more than was committed
        SmallFiles made(0);
        made.list.add(path.native());
        CHECK(made.gather().shape == std::vector<Index>{1, frames, 20, 30});
        CHECK(made.data() == committed_values(path));
        REQUIRE(made.notes.size() == 1);
        CHECK_THAT(made.notes.front(),
                   Catch::Contains(path.native() + ", /v: 1 frame(s) after the last committed"));
    }
}

TEST_CASE("gather takes the committed frames of a closed file with more of them") {
    const test::Watchdog watchdog("gather", std::chrono::seconds(60));
    SmallFiles made(0);
    for (int i = 0; i < 2; ++i) {
        // One chunk of all frames: decoded by us, and a row of chunks: by the library's count.
        const auto chunk = i == 0 ? std::vector<hsize_t>{5, 7} : std::vector<hsize_t>{2, 7};
        test::write_small_file(made.path(i), test::item_values(i), {.chunk = chunk});
        const auto file = hdf5::open_file(made.path(i), hdf5::Mode::write);
        hdf5::create_group(file.get(), "provenance");
        hdf5::create_dataset(file.get(), "step", H5T_STD_I64LE, hdf5::simple_space({{3}}),
                             hdf5::dataset_creation());
        made.list.add(made.path(i).native());
    }
    made.options.dataset = "v";
    CHECK(made.gather().shape == std::vector<Index>{2, 3, 7});
    std::vector<double> expected;
    for (int i = 0; i < 2; ++i) {
        const auto values = test::item_values(i);
        expected.insert(expected.end(), values.begin(), values.begin() + 3 * 7);
    }
    CHECK(made.data() == expected);
    CHECK(made.notes.size() == 2);
}

TEST_CASE("a run without a committed frame has nothing to gather") {
    const test::TemporaryDirectory directory;
    SmallFiles made(0);
    fs::create_directory(directory / "none");
    test::write_killed(directory / "none", 0);
    made.list.add((directory / "none/frames.h5").native());
    CHECK_THROWS_WITH(made.gather(),
                      Catch::Contains("no values") && Catch::Contains("none/frames"));
    CHECK(made.nothing_left());
}

TEST_CASE("frames that a run commits meanwhile do not disturb gather") {
    const test::TemporaryDirectory directory;
    const fs::path path = killed_run(directory / "run");
    const std::string image = test::content(path);
    const auto bytes = std::as_bytes(std::span(image));
    store::ImageReader images;
    const store::SmallDataset two = images.find(bytes, path, "/v", 2); // as many as there were
    CHECK(two.shape == std::vector<Index>{2, 20, 30});
    CHECK(two.left_out == 2);
    std::vector<float> values(2 * 20 * 30);
    images.read(bytes, path, "/v", two, std::as_writable_bytes(std::span(values)));
    const auto all = committed_values(path);
    CHECK(std::equal(values.begin(), values.end(), all.begin()));
}
