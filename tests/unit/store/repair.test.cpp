#include "morphogen/store/repair.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "catch.hpp"
#include "killed_run.hpp"
#include "sample_checkpoint.hpp"
#include "sample_frames.hpp"
#include "sample_run.hpp"
#include "store/file_update.hpp"
#include "store/hdf5/superblock.hpp"
#include "store/mend_file.hpp"
#include "temporary_directory.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace config = morphogen::config;
namespace test = morphogen::test;
namespace fs = std::filesystem;
using core::Index;
using store::RepairMode;
using test::check_plain;
using test::content;
using test::flip;
using test::mentions;
using test::write_killed;

TEST_CASE("repair: a killed file opens plainly and every dataset is as long as step") {
    const test::TemporaryDirectory directory;
    write_killed(directory.path(), 3);
    const fs::path frames = directory / "frames.h5";
    const std::string before = content(frames);
    CHECK_THROWS_AS(hdf5::open_file(frames, hdf5::Mode::read), core::Error);

    const auto shown = store::repair_run({directory.path()}, RepairMode::show);
    CHECK(mentions(shown.actions, "clear the mark"));
    CHECK(content(frames) == before);

    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CHECK(report.committed == 3);
    CHECK(report.problems.empty());
    check_plain(frames, 3);
    CHECK(store::repair_run({directory.path()}, RepairMode::repair).actions.empty());
    // And the same for the file alone.
    std::ofstream(directory / "alone.h5", std::ios::binary) << before;
    CHECK(store::repair_file(directory / "alone.h5", RepairMode::repair).committed == 3);
    check_plain(directory / "alone.h5", 3);
}

TEST_CASE("repair: parts that ran ahead of frames.h5 end with it") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 4, 4);
    store::cut_frames(directory / "frames.h5", 3);
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CHECK(report.problems.empty());
    check_plain(directory / "frames.h5", 3);
    check_plain(directory / "parts/0000.0001.h5", 3);
}

TEST_CASE("repair: frames.h5 is made anew from the parts alone, launches included") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 4, 4);
    const fs::path frames = directory / "frames.h5";
    const auto records = store::FileReader(frames).records();
    SECTION("it is missing") {
        fs::remove(frames);
    }
    SECTION("it is damaged") {
        std::ofstream(frames) << "nonsense";
    }
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CHECK(report.problems.empty());
    CHECK(report.committed == 4);
    check_plain(frames, 4);
    const store::FileReader anew(frames);
    CHECK(anew.launches().size() == 1);
    CHECK(anew.records().back().step == records.back().step);
    CHECK(anew.records().back().statistics[1].mean == records.back().statistics[1].mean);
    std::vector<double> cells(20 * 30);
    anew.read_frame("/v", 3, std::span<double>(cells));
    CHECK(static_cast<float>(cells[31]) ==
          static_cast<float>(test::sample_value(3, core::Field::v, {0, 1, 1})));
}

TEST_CASE("repair: what it cannot prove stays as it is") {
    const test::TemporaryDirectory directory;
    SECTION("a part is missing and so is frames.h5") {
        test::write_two_parts(directory.path(), 4, 4);
        fs::remove(directory / "frames.h5");
        fs::remove(directory / "parts/0000.0001.h5");
        const std::string before = content(directory / "parts/0000.0000.h5");
        const auto report = store::repair_run({directory.path()}, RepairMode::repair);
        CHECK(mentions(report.problems, "cannot be made anew"));
        CHECK(content(directory / "parts/0000.0000.h5") == before);
        CHECK(!fs::exists(directory / "frames.h5"));
    }
    SECTION("a killed file alone that has lost committed frames") {
        write_killed(directory.path(), 3);
        const fs::path alone = directory / "alone.h5";
        fs::rename(directory / "frames.h5", alone);
        fs::resize_file(alone, fs::file_size(alone) / 2);
        const std::string before = content(alone);
        const auto report = store::repair_file(alone, RepairMode::repair);
        CHECK(!report.problems.empty());
        CHECK(report.actions.empty());
        CHECK((content(alone) == before));
    }
    SECTION("a file that some other program was writing") {
        write_killed(directory.path(), 3);
        store::repair_run({directory.path()}, RepairMode::repair);
        hdf5::set_mark(directory / "frames.h5");
        const std::string before = content(directory / "frames.h5");
        const auto report = store::repair_run({directory.path()}, RepairMode::repair);
        CHECK(!report.problems.empty());
        CHECK(fs::exists(directory / "frames.h5"));
        CHECK(content(directory / "frames.h5") == before);
    }
    SECTION("damaged objects of a file that is no run's") {
        write_killed(directory.path(), 3);
        store::repair_run({directory.path()}, RepairMode::repair);
        const fs::path other = directory / "other.h5";
        fs::rename(directory / "frames.h5", other);
        for (const char* name : {"step", "stats", "x"}) // without /step it is none
            test::damage_header(other, name);
        const std::string before = content(other);
        const auto report = store::repair_file(other, RepairMode::repair);
        CHECK(report.problems.size() == 3);
        for (const char* name : {"/step", "/stats", "/x"})
            CHECK(mentions(report.problems, "other.h5, " + std::string(name)));
        CHECK(report.actions.empty());
        CHECK(content(other) == before);
    }
    SECTION("no HDF5 file at all") {
        std::ofstream(directory / "text.h5") << "text";
        CHECK_THROWS_AS(store::repair_file(directory / "text.h5", RepairMode::repair), core::Error);
    }
}

TEST_CASE("repair: frames.xdmf and report.json tell of the committed frames") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    std::ofstream(directory / "report.json")
        << R"({"exit": "failed", "frames": 1, "x": {"frames": 5}})";
    SECTION("older than the frames") {
        std::ofstream(directory / "frames.xdmf") << "of one frame";
    }
    SECTION("not there") {}
    CHECK(store::repair_run({directory.path()}, RepairMode::show).actions.size() == 2);
    CHECK(store::repair_run({directory.path()}, RepairMode::repair).actions.size() == 2);
    const std::string xdmf = content(directory / "frames.xdmf");
    CHECK_THAT(xdmf, Catch::Contains("\"frame 2\"") && !Catch::Contains("\"frame 3\""));
    CHECK(content(directory / "report.json") ==
          R"({"exit": "failed", "frames": 3, "x": {"frames": 5}})");
    CHECK(store::repair_run({directory.path()}, RepairMode::repair).actions.empty());
}

TEST_CASE("repair: the link to the newest checkpoint leads there again") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    test::SampleCheckpoint sample(2, core::Precision::f32);
    sample.write(run, 30, {{{0, 0, 0}, {1, 20, 30}}});
    CHECK(store::check_latest(run).empty());
    fs::remove(directory / "checkpoints/latest");
    CHECK(store::check_latest(run).empty()); // some file systems have no links
    fs::create_symlink("000000000077", directory / "checkpoints/latest");
    CHECK_THAT(store::check_latest(run), Catch::Contains("latest"));
    CHECK(mentions(store::repair_run(run, RepairMode::repair).actions, "latest"));
    CHECK(fs::read_symlink(directory / "checkpoints/latest") == "000000000030");
    CHECK(store::repair_run(run, RepairMode::repair).actions.empty());
}

TEST_CASE("repair: leftovers of kills are removed, other files stay") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 2, 2);
    std::ofstream(directory / "frames.h5.new") << "half";
    std::ofstream(directory / "parts/0001.0000.h5.new") << "half";
    std::ofstream(directory / "notes.new") << "mine";
    fs::copy(directory / "parts/0000.0000.h5", directory / "parts/0001.0000.h5");
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CHECK(report.problems.empty());
    CHECK(!fs::exists(directory / "frames.h5.new"));
    CHECK(!fs::exists(directory / "parts/0001.0000.h5.new"));
    CHECK(!fs::exists(directory / "parts/0001.0000.h5"));
    CHECK(fs::exists(directory / "notes.new"));
    check_plain(directory / "frames.h5", 2);
}

TEST_CASE("a change of a file happens whole or not at all") {
    const test::TemporaryDirectory directory;
    write_killed(directory.path(), 3);
    store::repair_run({directory.path()}, RepairMode::repair);
    const fs::path frames = directory / "frames.h5";
    const std::string before = content(frames);
    CHECK_THROWS_WITH(store::update_file(frames, core::Durability::none,
                                         [](const hdf5::File&) { throw core::Error("no"); }),
                      "no");
    CHECK(content(frames) == before);

    const auto change = [](const hdf5::File& file) { hdf5::create_group(file.get(), "more"); };
    store::update_file(frames, core::Durability::none, change);
    check_plain(frames, 3);
    const std::string after = content(frames);
    CHECK(!fs::exists(store::update_path(frames)));
    CHECK_FALSE(store::finish_update(frames, core::Durability::none));

    SECTION("a damaged record is refused and the file left alone") {
        std::ofstream(store::update_path(frames), std::ios::binary) << "MGUPDAT1 and no more";
        CHECK_THROWS_AS(store::finish_update(frames, core::Durability::none), core::Error);
        const auto report = store::repair_run({directory.path()}, RepairMode::repair);
        CHECK(mentions(report.problems, "damaged"));
        CHECK(content(frames) == after);
    }
}

TEST_CASE("inventory: what a run holds and what is wrong with it") {
    const test::TemporaryDirectory directory;
    CHECK(store::take_inventory({directory.path()}).holds_nothing());
    test::write_two_parts(directory.path(), 4, 4);
    const auto run = store::take_inventory({directory.path()});
    CHECK(run.kind == store::FramesFile::virtual_file);
    CHECK(run.committed == 4);
    CHECK(run.problems.empty());
    REQUIRE(run.segments.size() == 1);
    CHECK(run.segments[0].is_whole);
    CHECK(run.segments[0].frames() == 4);
    REQUIRE(run.segments[0].parts.size() == 2);
    CHECK(run.segments[0].parts[1].block == core::Box{{0, 0, 13}, {1, 20, 30}});
    CHECK(run.format.global == core::Extents{1, 20, 30});

    SECTION("a missing part is the only one that is told") {
        fs::remove(directory / "parts/0000.0000.h5");
        const auto damaged = store::take_inventory({directory.path()});
        REQUIRE(damaged.problems.size() == 1);
        CHECK(mentions(damaged.problems, "0000.0000.h5: missing"));
    }
    SECTION("a part that is no HDF5 file is the only one that is told") {
        std::ofstream(directory / "parts/0000.0000.h5") << "nonsense";
        const auto damaged = store::take_inventory({directory.path()});
        REQUIRE(damaged.problems.size() == 1);
        CHECK(mentions(damaged.problems, "0000.0000.h5"));
    }
    SECTION("a missing part") {
        fs::remove(directory / "parts/0000.0001.h5");
        const auto damaged = store::take_inventory({directory.path()});
        CHECK(mentions(damaged.problems, "0000.0001.h5: missing"));
        CHECK_FALSE(damaged.segments.at(0).is_whole);
    }
    SECTION("a part that is cut short") {
        fs::resize_file(directory / "parts/0000.0001.h5", 4000);
        CHECK(mentions(store::take_inventory({directory.path()}).problems, "0000.0001.h5"));
    }
    SECTION("a part with fewer frames than are counted") {
        store::cut_frames(directory / "parts/0000.0001.h5", 3);
        CHECK(mentions(store::take_inventory({directory.path()}).problems, "frames up to 3, 4"));
    }
    SECTION("a damaged superblock") {
        flip(directory / "parts/0000.0000.h5", 30);
        CHECK(mentions(store::take_inventory({directory.path()}).problems, "0000.0000.h5"));
    }
}
