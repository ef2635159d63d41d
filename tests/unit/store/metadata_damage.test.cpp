#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/repair.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "catch.hpp"
#include "killed_run.hpp"
#include "sample_run.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace config = morphogen::config;
namespace core = morphogen::core;
namespace store = morphogen::store;
namespace hdf5 = morphogen::store::hdf5;
namespace mpi = morphogen::mpi;
namespace test = morphogen::test;
namespace fs = std::filesystem;
using core::Index;
using store::RepairMode;

namespace {

/// Where the library's own pieces begin that have a checksum.
std::vector<std::streamoff> blocks_of(const fs::path& path) {
    const std::string bytes = test::content(path);
    std::vector<std::streamoff> found;
    for (const std::string_view mark : {"OHDR", "OCHK", "EAHD", "EAIB", "EADB", "FRHP", "FHDB",
                                        "FHIB", "BTHD", "BTLF", "FSHD", "FSSE"})
        for (auto at = bytes.find(mark); at != std::string::npos; at = bytes.find(mark, at + 1))
            found.push_back(static_cast<std::streamoff>(at));
    return found;
}

bool is_right(const store::FileReader& reader, Index n) {
    std::vector<float> cells(20 * 30);
    try {
        reader.read_frame("/v", n, std::span<float>(cells));
    } catch (const core::Error&) {
        return false;
    }
    for (Index y = 0; y < 20; ++y)
        for (Index x = 0; x < 30; ++x)
            if (cells[static_cast<std::size_t>(y * 30 + x)] !=
                static_cast<float>(test::sample_value(n, core::Field::v, {0, y, x})))
                return false;
    return true;
}

/// Which committed frames a reader of frames.h5 gets as they were stored.
std::vector<Index> right_frames(const fs::path& root) {
    std::vector<Index> right;
    try {
        const store::FileReader reader(root / "frames.h5", store::Access::whichever_works,
                                       store::Sources::not_looked_at);
        for (Index n = 0; n < reader.frames().value_or(0); ++n)
            if (is_right(reader, n)) right.push_back(n);
    } catch (const core::Error&) { // no more
    }
    return right;
}

void write_config(const fs::path& root) {
    std::ofstream(root / "config.toml") << "[model]\ndt = 0.5\n"; // as sample_record()
}

/// Sanitizers see every third block: the library waits for a writer at each.
constexpr int every = MORPHOGEN_TEST_SANITIZED ? 3 : 1;

/// Repairs a run that a kill left with @p committed frames, each time with another block of
/// @p file damaged. @returns how often the file was made anew without a loss
int sweep(const char* file, Index committed, Index frames_per_file) {
    const test::TemporaryDirectory original;
    test::write_killed(original.path(), committed, frames_per_file);
    write_config(original.path());
    int anew = 0;
    const std::vector<std::streamoff> blocks = blocks_of(original / file);
    for (std::size_t b = 0; b < blocks.size(); b += std::size_t{every}) {
        const std::streamoff block = blocks[b];
        const test::TemporaryDirectory directory;
        fs::copy(original.path(), directory.path(),
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        test::flip(directory / file, block + 5);
        const auto before = right_frames(directory.path());
        const auto report = store::repair_run({directory.path()}, RepairMode::repair);
        const auto after = right_frames(directory.path());
        CAPTURE(file, block, before, after, report.actions, report.problems);
        CHECK(std::includes(after.begin(), after.end(), before.begin(), before.end()));
        if (!test::mentions(report.actions, "which are proven")) continue;
        CHECK(static_cast<Index>(after.size()) == report.committed);
        CHECK(store::take_inventory({directory.path()}).problems.empty());
        anew += report.committed == committed ? 1 : 0;
    }
    return anew;
}

} // namespace

TEST_CASE("metadata damage: no frame of a killed run is lost that could be read before") {
    CHECK(sweep("frames.h5", 5, 0) >= 10 / every);
    CHECK(sweep("parts/0001.0000.h5", 6, 4) >= 15 / every);
    CHECK(sweep("frames.h5", 6, 4) == 0); // it is made anew from the parts instead
}

TEST_CASE("metadata damage: steps follow from times, and times from steps") {
    const char* const lost = GENERATE("step", "time");
    const bool knows_time_step = GENERATE(true, false);
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 5);
    if (knows_time_step) write_config(directory.path());
    test::damage_header(directory / "frames.h5", lost);
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CAPTURE(lost, knows_time_step);
    CHECK(report.committed == (knows_time_step ? 5 : 0));
    CHECK(fs::exists(directory / "frames.h5.damaged"));
    if (!knows_time_step) return;
    CHECK(right_frames(directory.path()).size() == 5);
    const auto records = store::FileReader(directory / "frames.h5").records();
    for (Index n = 0; n < 5; ++n) {
        CHECK(records[static_cast<std::size_t>(n)].step == test::sample_record(n).step);
        CHECK(records[static_cast<std::size_t>(n)].time == test::sample_record(n).time);
    }
}

TEST_CASE("metadata damage: a closed file that tells nothing of its frames stays") {
    const test::TemporaryDirectory directory;
    const fs::path frames = directory / "frames.h5";
    test::write_killed(directory.path(), 5);
    store::repair_run({directory.path()}, RepairMode::repair);
    test::damage_header(frames, "step");
    const std::string before = test::content(frames);
    CHECK(!store::repair_run({directory.path()}, RepairMode::repair).problems.empty());
    CHECK((test::content(frames) == before));
    write_config(directory.path());
    CHECK(store::repair_run({directory.path()}, RepairMode::repair).committed == 5);
    CHECK(right_frames(directory.path()).size() == 5);
}

TEST_CASE("metadata damage: a closed file of which one field can be read stays") {
    const char* const lost = GENERATE("u", "v");
    const bool has_both = GENERATE(true, false);
    config::Config config = test::killed_config();
    config.output.fields = {core::Field::v};
    if (has_both) config.output.fields = {core::Field::u, core::Field::v};
    if (!has_both && std::string_view(lost) == "u") return;
    const test::TemporaryDirectory directory;
    const fs::path frames = directory / "frames.h5";
    test::write_killed(directory.path(), 3, 0, config);
    store::repair_run({directory.path()}, RepairMode::repair);
    test::damage_header(frames, lost);
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CAPTURE(lost, has_both, report.actions);
    CHECK(!report.problems.empty());
    CHECK(fs::exists(frames) == has_both);
    CHECK(fs::exists(directory / "frames.h5.damaged") == !has_both);
}

TEST_CASE("metadata damage: a run goes on behind a closed segment that lost a column or an axis") {
    const char* const lost = GENERATE("time", "stats/v_max", "x", "stats");
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 6, 4);
    write_config(directory.path());
    test::damage_header(directory / "parts/0000.0000.h5", lost);
    const auto told = store::repair_run({directory.path()}, RepairMode::show);
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CAPTURE(lost, report.actions, report.problems);
    CHECK(told.actions == report.actions);
    CHECK(report.problems.empty());
    CHECK(report.committed == 6);
    CHECK(!test::mentions(report.actions, "aside"));
    CHECK(store::take_inventory({directory.path()}).problems.empty());
    CHECK(right_frames(directory.path()).size() == 6);
}

TEST_CASE("metadata damage: what repair cannot mend it also tells without changes") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 6, 4);
    write_config(directory.path());
    test::damage_header(directory / "parts/0000.0000.h5", "step");
    const auto told = store::repair_run({directory.path()}, RepairMode::show);
    const auto report = store::repair_run({directory.path()}, RepairMode::repair);
    CHECK(!report.actions.empty());
    CHECK(told.actions == report.actions);
    CHECK(!report.problems.empty());
    CHECK(told.problems == report.problems);
}

TEST_CASE("metadata damage: statistics that are lost are counted again") {
    const char* const lost = GENERATE("stats/v_min", "stats/v_mean", "stats");
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 3);
    test::damage_header(directory / "frames.h5", lost);
    CHECK(store::repair_run({directory.path()}, RepairMode::repair).committed == 3);
    const auto records = store::FileReader(directory / "frames.h5").records();
    REQUIRE(records.size() == 3);
    for (Index n = 0; n < 3; ++n) {
        double least = 1e9;
        double most = -1e9;
        double sum = 0.0;
        for (Index y = 0; y < 20; ++y)
            for (Index x = 0; x < 30; ++x) {
                const double cell =
                    static_cast<float>(test::sample_value(n, core::Field::v, {0, y, x}));
                least = std::min(least, cell);
                most = std::max(most, cell);
                sum += cell;
            }
        const auto& counted = records[static_cast<std::size_t>(n)].statistics[1];
        CHECK(counted.min == least);
        CHECK(counted.max == most);
        CHECK(counted.mean == Approx(sum / 600));
    }
}

TEST_CASE("metadata damage: where a launch cannot be read") {
    const test::TemporaryDirectory directory;
    const fs::path frames = directory / "frames.h5";
    test::write_two_parts(directory.path(), 4, 4);
    const auto launches = store::FileReader(frames).launches();
    REQUIRE(launches.size() == 1);
    test::damage_header(frames, "provenance/0000");
    const auto damaged =
        store::FileReader(frames, store::Access::plain, store::Sources::not_looked_at).launches();
    REQUIRE(damaged.size() == 1);
    CHECK(!damaged[0].problem.empty());
    const bool is_lost = GENERATE(false, true);
    if (is_lost)
        for (const char* part : {"parts/0000.0000.h5", "parts/0000.0001.h5"})
            test::damage_header(directory / part, "provenance/0000");

    config::Config c = test::killed_config();
    const store::RunDirectory run{directory.path()};
    const auto layout = store::make_layout(c, {{0, 0, 0}, c.grid.shape});
    store::open_sink(c, run, layout, {.time = "later"}, mpi::Communicator(), 4)->close();
    const auto anew = store::FileReader(frames).launches();
    REQUIRE(anew.size() == 2);
    CHECK((anew[0].entries == launches[0].entries) == !is_lost);
    if (is_lost) CHECK(anew[0].entries.at(0).first == "lost");
    CHECK(anew[1].problem.empty());
    CHECK(right_frames(directory.path()).size() == 4);
}

TEST_CASE("metadata damage: a part whose launches cannot be added to is not gone on with") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 5, 4);
    store::repair_run({directory.path()}, RepairMode::repair);
    test::damage_header(directory / "parts/0001.0000.h5", "provenance");
    const config::Config c = test::killed_config();
    const auto layout = store::make_layout(c, {{0, 0, 0}, c.grid.shape});
    const auto sink = store::open_sink(c, {directory.path()}, layout, {}, mpi::Communicator(), 5);
    test::write_frame(*sink, layout, test::sample_frame(layout, 5));
    sink->close();
    CHECK(right_frames(directory.path()).size() == 6);
    CHECK(fs::exists(directory / "parts/0002.0000.h5"));
}

TEST_CASE("metadata damage: a launch that cannot begin leaves its files closed") {
    const test::TemporaryDirectory directory;
    test::write_killed(directory.path(), 5, 4);
    store::repair_run({directory.path()}, RepairMode::repair);
    fs::create_directory(directory / "frames.h5.new"); // frames.h5 cannot be replaced
    const config::Config c = test::killed_config();
    const auto layout = store::make_layout(c, {{0, 0, 0}, c.grid.shape});
    CHECK_THROWS_AS(store::open_sink(c, {directory.path()}, layout, {}, mpi::Communicator(), 5),
                    core::Error);
    const store::FileReader part(directory / "parts/0001.0000.h5", store::Access::plain);
    CHECK(part.frames() == 1);
    CHECK(right_frames(directory.path()).size() == 5);
}
