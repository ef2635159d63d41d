#include "morphogen/core/error.hpp"
#include "morphogen/rework/diff.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/rework/rechunk.hpp"
#include "morphogen/rework/series.hpp"
#include "morphogen/rework/verify.hpp"
#include "morphogen/store/repair.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "killed_run.hpp"
#include "support.hpp"
#include "temporary_directory.hpp"
#include "watchdog.hpp"

#include <filesystem>
#include <string>
#include <vector>

using namespace morphogen;
using test::budget;
namespace fs = std::filesystem;

namespace {

/// A run's file of three frames, closed.
fs::path write_frames(const test::TemporaryDirectory& directory) {
    test::write_killed(directory.path(), 3);
    store::repair_run({directory.path()}, store::RepairMode::repair);
    return directory / "frames.h5";
}

std::vector<std::string> problems_of(const fs::path& path) {
    std::vector<std::string> problems;
    rework::verify(path, budget, [&](const std::string& problem) { problems.push_back(problem); });
    return problems;
}

} // namespace

TEST_CASE("verify names every damaged object of a file, and reads the others") {
    const test::Watchdog watchdog("verify");
    const test::TemporaryDirectory directory;
    const fs::path path = write_frames(directory);
    REQUIRE(problems_of(path).empty());
    test::flip(path, static_cast<std::streamoff>(test::chunk_address(path, "v", {1, 0, 0})) + 9);
    test::damage_header(path, "x");
    test::damage_header(path, "stats/v_max");
    const auto problems = problems_of(path);
    CHECK(problems.size() == 4); // the records need the statistics
    CHECK(test::mentions(problems, "frames.h5, /x"));
    CHECK(test::mentions(problems, "frames.h5, /stats/v_max"));
    CHECK(test::mentions(problems, "frames.h5, /v"));
}

TEST_CASE("info lists what a damaged object does not concern") {
    const test::TemporaryDirectory directory;
    const fs::path path = write_frames(directory);
    const std::size_t all = rework::describe(path).datasets.size();
    test::damage_header(path, "x");
    test::damage_header(path, "y");
    const rework::FileDescription d = rework::describe(path);
    CHECK(d.datasets.size() == all - 2);
    CHECK(d.problems.size() == 2);
    CHECK(test::mentions(d.problems, "frames.h5, /x"));
    CHECK(test::mentions(d.problems, "frames.h5, /y"));
}

TEST_CASE("a dataset that is named is read beside damaged ones; what takes all of them tells") {
    const test::Watchdog watchdog("rework");
    const test::TemporaryDirectory directory;
    const fs::path path = write_frames(directory);
    test::damage_header(path, "x");
    const auto v = rework::open_dataset(path, "v");
    const auto out = directory / "series.h5";
    rework::write_series(*v, {.points = {{1, 2}}, .out = out, .budget = budget});
    CHECK(rework::open_dataset(out, "series")->shape() == core::Dims{3, 1});
    CHECK_THROWS_WITH(rework::rechunk(path, directory / "rechunked.h5",
                                      {.chunks = {1, 5, 5}, .threads = 2, .memory = budget.memory}),
                      Catch::Contains("frames.h5, /x"));
    CHECK_FALSE(fs::exists(directory / "rechunked.h5"));
    CHECK_THROWS_WITH(rework::diff(path, path, {.budget = budget}),
                      Catch::Contains("frames.h5, /x"));
}
