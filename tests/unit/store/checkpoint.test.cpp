#include "morphogen/store/checkpoint.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "sample_checkpoint.hpp"
#include "temporary_directory.hpp"

#include <fstream>

using namespace morphogen;
using core::Index;
using test::SampleCheckpoint;
namespace fs = std::filesystem;

namespace {

std::vector<Index> steps(const store::RunDirectory& run) {
    std::vector<Index> found;
    for (const auto& entry : store::list_checkpoints(run))
        found.push_back(entry.step);
    return found;
}

} // namespace

TEST_CASE("a checkpoint reads back as it was written, whoever reads it") {
    const auto dims = GENERATE(2, 3);
    const auto precision = GENERATE(core::Precision::f32, core::Precision::f64);
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(dims, precision);
    const Index z = dims == 3 ? 2 : 1;
    sample.write(run, 170, sample.split(z, 3, 2), core::Durability::synced);
    const auto entries = store::list_checkpoints(run);
    REQUIRE(entries.size() == 1);
    const auto& entry = entries.front();
    CHECK(entry.directory == run.checkpoints() / "000000000170");
    CHECK(fs::read_symlink(run.checkpoints() / "latest") == "000000000170");
    CHECK_FALSE(fs::exists(run.checkpoints() / "000000000170.new"));
    CHECK(store::check_checkpoint(entry).empty());
    for (const auto& blocks : {sample.split(1, 1, 1), sample.split(z, 3, 2), sample.split(1, 2, 5),
                               sample.split(1, 4, 1), sample.split(z, 9, 11)})
        CHECK(sample.reads_back(entry, blocks));

    const auto header = store::read_checkpoint_header(entry);
    CHECK(header.step == 170);
    CHECK(header.frames == 17);
    CHECK(header.dims == dims);
    CHECK(header.global == sample.header.global);
    CHECK(header.precision == precision);
    CHECK(header.spacing == 0.5);
    CHECK(header.isa == "avx2");
    CHECK(header.fma);
    CHECK(header.config_toml == sample.header.config_toml);
    CHECK(header.ranks == 6 * z);
}

TEST_CASE("one field alone, and a box of the grid's middle") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(3, core::Precision::f64);
    sample.write(run, 1, sample.split(2, 2, 2));
    const auto entry = store::list_checkpoints(run).front();
    const core::Box box{{2, 3, 4}, {5, 6, 9}};
    const auto expected = sample.cells(core::Field::v, box);
    std::vector<std::byte> v(expected.size());
    store::read_checkpoint(entry, box, {}, v);
    CHECK(v == expected);
    CHECK_THROWS_WITH(store::read_checkpoint(entry, {{2, 3, 4}, {8, 6, 9}}, {}, v),
                      Catch::Contains("outside the checkpoint"));
    v.resize(v.size() / 2);
    CHECK_THROWS_WITH(store::read_checkpoint(entry, box, {}, v), Catch::Contains("it is f64"));
}

TEST_CASE("state.h5 is an initial state for another run") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(2, core::Precision::f32);
    sample.write(run, 40, sample.split(1, 2, 2));
    const config::InitialFile file{(run.checkpoints() / "latest" / "state.h5").string(), "u", -1,
                                   core::Field::u};
    const core::Box box{{0, 5, 7}, {1, 15, 29}};
    std::vector<double> cells(10 * 22);
    store::read_initial_file(file, sample.header.global, box, cells.data());
    CHECK(cells.front() == sample.value(core::Field::u, {0, 5, 7}));
    CHECK(cells.back() == sample.value(core::Field::u, {0, 14, 28}));
}

TEST_CASE("rotation keeps the newest, and one from which the open segment can be computed") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(2, core::Precision::f32);
    const auto blocks = sample.split(1, 1, 2);
    for (Index step = 100; step <= 600; step += 100)
        sample.write(run, step, blocks);
    SECTION("the newest two") {
        store::rotate_checkpoints(run, 2, 0);
        CHECK(steps(run) == std::vector<Index>{600, 500});
        CHECK(fs::read_symlink(run.checkpoints() / "latest") == "000000000600");
    }
    SECTION("at least one") {
        store::rotate_checkpoints(run, 0, 0);
        CHECK(steps(run) == std::vector<Index>{600});
    }
    SECTION("and one at or before the segment's first frame: step 200 is frame 20") {
        store::rotate_checkpoints(run, 2, 25);
        CHECK(steps(run) == std::vector<Index>{600, 500, 200});
        store::rotate_checkpoints(run, 2, 20);
        CHECK(steps(run) == std::vector<Index>{600, 500, 200});
        store::rotate_checkpoints(run, 2, 55); // the segment is closed: one of the newest will do
        CHECK(steps(run) == std::vector<Index>{600, 500});
    }
    SECTION("what a resumed run has passed over is not what it keeps") {
        store::rotate_checkpoints(run, 1, 0, 400);
        CHECK(steps(run) == std::vector<Index>{600, 500, 400});
        store::rotate_checkpoints(run, 2, 0, 500);
        CHECK(steps(run) == std::vector<Index>{600, 500, 400});
    }
    SECTION("damaged ones are none of those to keep") {
        fs::resize_file(run.checkpoints() / "000000000600" / "state.h5", 100);
        store::rotate_checkpoints(run, 2, 0);
        CHECK(steps(run) == std::vector<Index>{600, 500, 400});
    }
    SECTION("unfinished ones go, but not what other ranks may be writing") {
        sample.header.step = 550;
        sample.write_pieces(run, blocks);
        sample.header.step = 700;
        sample.write_pieces(run, blocks);
        CHECK(steps(run).front() == 600); // neither counts
        store::rotate_checkpoints(run, 1, 0);
        CHECK_FALSE(fs::exists(run.checkpoints() / "000000000550.new"));
        CHECK(fs::exists(run.checkpoints() / "000000000700.new"));
        store::remove_unfinished_checkpoints(run);
        CHECK_FALSE(fs::exists(run.checkpoints() / "000000000700.new"));
        CHECK(steps(run) == std::vector<Index>{600});
    }
}

TEST_CASE("a checkpoint of the same step, on fewer ranks, replaces the one there is") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(2, core::Precision::f32);
    sample.write(run, 100, sample.split(1, 2, 2));
    sample.write_pieces(run, sample.split(1, 2, 2)); // left by a kill
    sample.write(run, 100, sample.split(1, 1, 2));
    const auto entry = store::list_checkpoints(run).front();
    CHECK(store::check_checkpoint(entry).empty());
    CHECK(sample.reads_back(entry, sample.split(1, 1, 1)));
    CHECK_FALSE(fs::exists(entry.directory / "0002.h5"));
    CHECK_FALSE(fs::exists(run.checkpoints() / "000000000100.old"));
}

TEST_CASE("what is replaced counts until it has been") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(2, core::Precision::f32);
    sample.write(run, 100, sample.split(1, 1, 2));
    fs::rename(run.checkpoints() / "000000000100", run.checkpoints() / "000000000100.old");
    CHECK(steps(run) == std::vector<Index>{100});
    CHECK(sample.reads_back(store::list_checkpoints(run).front(), sample.split(1, 1, 1)));
    store::remove_checkpoint(run, store::list_checkpoints(run).front());
    CHECK(steps(run).empty());
    CHECK(fs::is_empty(run.checkpoints()));
}

TEST_CASE("a commit without a rank's piece fails and nothing counts") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(2, core::Precision::f32);
    const auto blocks = sample.split(1, 1, 2);
    sample.header.step = 100;
    sample.write_pieces(run, blocks);
    fs::remove(run.checkpoints() / "000000000100.new" / "0001.h5");
    CHECK_THROWS_WITH(
        store::commit_checkpoint(run, sample.header, blocks, core::Durability::synced),
        Catch::Contains("000000000100.new/0001.h5") && Catch::Contains("No such file"));
    CHECK(steps(run).empty());
}

TEST_CASE("a run's checkpoints are a run, and --force removes them and nothing else") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    SampleCheckpoint sample(2, core::Precision::f32);
    sample.write(run, 100, sample.split(1, 1, 2));
    sample.header.step = 200;
    sample.write_pieces(run, sample.split(1, 1, 2));
    CHECK(run.holds_run());
    SECTION("all of it") {
        run.remove_run();
        CHECK(fs::is_empty(directory.path()));
    }
    SECTION("but what others put there") {
        const std::vector<fs::path> others{"000000000100/notes.txt", "notes", "100/0000.h5",
                                           "000000000100.bak/0000.h5"};
        for (const auto& path : others) {
            fs::create_directories((run.checkpoints() / path).parent_path());
            std::ofstream(run.checkpoints() / path) << "a user's";
        }
        run.remove_run();
        for (const auto& path : others)
            CHECK(fs::exists(run.checkpoints() / path));
        CHECK_FALSE(fs::exists(run.checkpoints() / "000000000100/0000.h5"));
        CHECK_FALSE(fs::exists(run.checkpoints() / "000000000200.new"));
        CHECK_FALSE(fs::is_symlink(run.checkpoints() / "latest"));
    }
}
