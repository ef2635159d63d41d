#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/dataspace.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/repair.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "killed_run.hpp"
#include "sample_run.hpp"
#include "store/mend_file.hpp"
#include "store/salvage.hpp"
#include "temporary_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// For LeakSanitizer: HDF5 1.10 keeps what it had begun to open where it meets damaged metadata.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
    return "leak:libhdf5";
}

namespace codec = morphogen::codec;
namespace config = morphogen::config;
namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace test = morphogen::test;
namespace fs = std::filesystem;
using core::Index;
using store::RepairMode;

namespace {

/// The first @p frames frames of the run, cell by cell.
void check_frames(const fs::path& root, Index frames) {
    const store::FileReader reader(root / "frames.h5", store::Access::plain);
    REQUIRE(reader.frames() == frames);
    const auto records = reader.records();
    for (Index n = 0; n < frames; ++n) {
        CHECK(records[static_cast<std::size_t>(n)].step == test::sample_record(n).step);
        CHECK(records[static_cast<std::size_t>(n)].statistics[1].mean ==
              test::sample_record(n).statistics[1].mean);
        std::vector<float> cells(20 * 30);
        reader.read_frame("/v", n, std::span<float>(cells));
        std::size_t wrong = 0;
        for (Index y = 0; y < 20; ++y)
            for (Index x = 0; x < 30; ++x)
                wrong += cells[static_cast<std::size_t>(y * 30 + x)] !=
                         static_cast<float>(test::sample_value(n, core::Field::v, {0, y, x}));
        CAPTURE(n);
        CHECK(wrong == 0);
    }
}

/// Repairs after telling: what is told is what is done, and a second time there is nothing to do.
store::RepairReport repaired(const fs::path& root) {
    const auto shown = store::repair_run({root}, RepairMode::show);
    auto report = store::repair_run({root}, RepairMode::repair);
    CHECK(shown.actions == report.actions);
    CHECK(shown.committed == report.committed);
    const auto again = store::repair_run({root}, RepairMode::repair);
    CHECK(again.actions.empty());
    CHECK(again.problems.empty());
    CHECK(again.committed == report.committed);
    return report;
}

void cut(const fs::path& path, double share) {
    fs::resize_file(path,
                    static_cast<std::uintmax_t>(static_cast<double>(fs::file_size(path)) * share));
}

fs::path aside(fs::path path) {
    return path += ".damaged";
}

} // namespace

TEST_CASE("power loss: a file that is cut short keeps the frames that can be proven") {
    const bool is_closed = GENERATE(false, true);
    Index least = 0; // of a longer file no fewer
    for (const double share : {0.0, 0.1, 0.4, 0.7, 0.9, 0.95, 0.99}) {
        CAPTURE(is_closed, share);
        const test::TemporaryDirectory directory;
        test::write_killed(directory.path(), 9);
        const fs::path frames = directory / "frames.h5";
        if (is_closed) store::repair_run({directory.path()}, RepairMode::repair);
        cut(frames, share);
        const std::string before = test::content(frames);
        const auto report = repaired(directory.path());
        if (report.committed > 0) check_frames(directory.path(), report.committed);
        CHECK(fs::exists(frames) == (report.committed > 0));
        CHECK(report.committed >= least);
        least = report.committed;
        if (report.committed == 9) continue;
        CHECK(test::mentions(report.problems, "computes them again"));
        CHECK((test::content(aside(frames)) == before));
    }
    CHECK(least >= 7);
}

TEST_CASE("power loss: frames that are in the file and not whole are not proven") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 9);
    store::repair_run({directory.path()}, RepairMode::repair);
    const fs::path frames = directory / "frames.h5";
    const auto end = test::chunk_address(frames, "v", {8, 0, 0});
    SECTION("a chunk with another byte") {
        test::flip(frames,
                   static_cast<std::streamoff>(test::chunk_address(frames, "v", {3, 10, 0})) + 25);
    }
    SECTION("zeros where steps should be") {
        const auto file = hdf5::open_file(frames, hdf5::Mode::write);
        const auto step = hdf5::open_dataset(file.get(), "step");
        const std::vector<std::int64_t> zeros(6, 0);
        const std::vector<hsize_t> first{3};
        const std::vector<hsize_t> count{6};
        const hdf5::Space space = hdf5::space_of(step);
        hdf5::select_box(space, first, count);
        hdf5::write(step, H5T_NATIVE_INT64, hdf5::simple_space(count), space, zeros.data());
    }
    fs::resize_file(frames, end);
    CHECK(repaired(directory.path()).committed == 3);
    check_frames(directory.path(), 3);
}

TEST_CASE("power loss: bytes beyond the end prove nothing, though their checksum would be right") {
    const test::TemporaryDirectory directory;
    config::Config plain = test::killed_config(); // of zeros fletcher32 makes zeros
    plain.output.codec = {codec::Compressor::none, 0};
    test::write_killed(directory.path(), 9, 0, plain);
    store::repair_run({directory.path()}, RepairMode::repair);
    const fs::path frames = directory / "frames.h5";
    fs::resize_file(frames, test::chunk_address(frames, "v", {6, 0, 0}) + GENERATE(0U, 20U));
    CHECK(repaired(directory.path()).committed == 6);
    check_frames(directory.path(), 6);
}

TEST_CASE("power loss: a part that is cut short ends the run with what all parts hold") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 6, 6);
    const fs::path part = directory / "parts/0000.0001.h5";
    fs::resize_file(part, test::chunk_address(part, "v", {4, 0, 0}) + 20);
    const std::string before = test::content(part);
    const auto report = repaired(directory.path());
    CHECK(report.committed == 4);
    CHECK((test::content(aside(part)) == before));
    CHECK(!fs::exists(aside(directory / "parts/0000.0000.h5")));
    check_frames(directory.path(), report.committed);
    test::check_plain(directory / "parts/0000.0000.h5", report.committed);
    test::check_plain(part, report.committed);
    // Its launches too, and where it stands.
    const auto run = store::take_inventory({directory.path()});
    CHECK(run.problems.empty());
    CHECK(run.segments.at(0).is_whole);
    CHECK(store::FileReader(part).launches().size() == 1);
}

TEST_CASE("power loss: a kill between two segments, of which the first is cut short") {
    const double share = GENERATE(0.7, 0.95);
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 6, 3);
    const fs::path part = directory / "parts/0001.0000.h5";
    fs::remove(directory / "parts/0002.0000.h5"); // not begun yet
    fs::resize_file(part,
                    static_cast<std::uintmax_t>(share * static_cast<double>(fs::file_size(part))));
    const auto report = repaired(directory.path());
    CHECK(test::mentions(report.actions, "which are proven"));
    check_frames(directory.path(), report.committed);
}

TEST_CASE("power loss: parts that are older than frames.h5 end the run") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 4, 4);
    store::cut_frames(directory / "parts/0000.0001.h5", 3);
    const auto report = repaired(directory.path());
    CHECK(report.committed == 3);
    check_frames(directory.path(), 3);
    test::check_plain(directory / "parts/0000.0000.h5", 3);
}

TEST_CASE("power loss: the last segment is set aside where nothing of it can be proven") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 5, 2);
    const fs::path last = directory / "parts/0002.0000.h5";
    SECTION("it is gone") {
        fs::remove(last);
    }
    SECTION("it is empty") {
        fs::resize_file(last, 0);
    }
    SECTION("it was closed, and nothing in it can be read") {
        store::repair_run({directory.path()}, RepairMode::repair);
        test::flip(last, 30);
    }
    const bool is_there = fs::exists(last);
    const auto report = repaired(directory.path());
    CHECK(report.committed == 4);
    CHECK(!test::mentions(report.actions, "cut off")); // frames.h5 is new
    check_frames(directory.path(), 4);
    CHECK(!fs::exists(last));
    CHECK(fs::exists(aside(last)) == is_there);
}

TEST_CASE("power loss: with the only segment all frames are set aside, frames.h5 too") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 4, 4);
    fs::remove(directory / "parts/0000.0001.h5");
    const auto report = repaired(directory.path());
    CHECK(report.committed == 0);
    CHECK(fs::exists(aside(directory / "parts/0000.0000.h5")));
    CHECK(fs::exists(aside(directory / "frames.h5")));
    CHECK(store::take_inventory({directory.path()}).holds_nothing());
}

TEST_CASE("power loss: a second time another name is taken, and nothing is overwritten") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 9);
    const fs::path frames = directory / "frames.h5";
    store::repair_run({directory.path()}, RepairMode::repair);
    fs::resize_file(frames, test::chunk_address(frames, "v", {8, 0, 0}));
    const std::string first = test::content(frames);
    CHECK(repaired(directory.path()).committed == 8);
    fs::resize_file(frames, test::chunk_address(frames, "v", {5, 10, 0}));
    const std::string second = test::content(frames);
    const auto report = repaired(directory.path());
    CHECK(report.committed == 5);
    check_frames(directory.path(), 5);
    CHECK((test::content(aside(frames)) == first));
    CHECK((test::content(directory / "frames.h5.damaged2") == second));
}

TEST_CASE("power loss: a closed file that opens stays, or is made anew with all its frames") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 4, 4);
    const fs::path part = directory / "parts/0000.0001.h5";
    // Somewhere in it. What does not open is set aside.
    const auto at = static_cast<std::streamoff>(GENERATE(range(100, 6000, 397)));
    test::flip(part, at);
    const std::string before = test::content(part);
    const bool opens = store::prove_frames({.path = part}, {}, 4).opens;
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CAPTURE(at, opens);
    const bool is_aside = fs::exists(aside(part));
    CHECK((test::content(is_aside ? aside(part) : part) == before));
    CHECK(report.committed == (opens ? 4 : 0));
    if (!opens) CHECK(is_aside);
    if (opens && is_aside) check_frames(directory.path(), 4);
}

TEST_CASE("power loss: who guards the frames can prevent that they are given up") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 6, 6);
    const fs::path part = directory / "parts/0000.0001.h5";
    fs::resize_file(part, test::chunk_address(part, "v", {4, 0, 0}));
    const std::string before = test::content(part);
    Index kept = -1;
    CHECK_THROWS_WITH(store::repair_run({directory.path()}, RepairMode::repair, {},
                                        [&](Index frames, const std::string& damaged) {
                                            kept = frames;
                                            CHECK(damaged == part.native() + ": damaged");
                                            throw core::Error("no");
                                        }),
                      "no");
    CHECK(kept == 4);
    CHECK((test::content(part) == before));
    CHECK(store::FileReader(directory / "frames.h5", store::Access::plain,
                            store::Sources::not_looked_at)
              .frames() == 6);
}

TEST_CASE("power loss: a closed segment is never touched") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 5, 2);
    const fs::path closed = directory / "parts/0000.0000.h5";
    const fs::path last = directory / "parts/0002.0000.h5";
    cut(closed, 0.5);
    cut(last, 0.5);
    const std::string before = test::content(closed);
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CHECK(!report.problems.empty());
    CHECK((test::content(closed) == before));
    CHECK(!fs::exists(aside(closed)));
}
