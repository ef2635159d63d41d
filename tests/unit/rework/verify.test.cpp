#include "morphogen/rework/verify.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/diff.hpp"
#include "morphogen/rework/info.hpp"
#include "morphogen/store/directory_lock.hpp"
#include "morphogen/store/repair.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "killed_run.hpp"
#include "sample_checkpoint.hpp"
#include "sample_run.hpp"
#include "temporary_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace morphogen;
using test::mark_as_open;
namespace fs = std::filesystem;

namespace {

struct Verified {
    rework::VerifyResult result;
    std::vector<std::string> problems;

    bool says(const std::string& text) const {
        for (const std::string& problem : problems)
            if (problem.find(text) != std::string::npos) return true;
        return false;
    }
};

Verified verify(const fs::path& path, int threads = 2) {
    Verified v;
    v.result = rework::verify(path, {.threads = threads, .memory = std::uint64_t{1} << 26},
                              [&](const std::string& line) { v.problems.push_back(line); });
    CHECK(v.result.problems == static_cast<core::Index>(v.problems.size()));
    return v;
}

std::vector<codec::Hdf5Filter> filters() {
    return codec::hdf5_filters({.element_size = 4});
}

void damage(const fs::path& path, haddr_t address) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(address) + 12);
    file << "xyz";
}

} // namespace

TEST_CASE("verify: whole files of every layout are all right") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "a.h5", {{.name = "contiguous"},
                             {.name = "chunked", .chunk = {2, 4, 5}, .filters = filters()},
                             {.name = "partly",
                              .chunk = {2, 4, 5},
                              .filters = filters(),
                              .written = {{0, 0, 0}, {2, 4, 5}}}});
    for (const int threads : {1, 3}) {
        const Verified v = verify(path, threads);
        CHECK(v.problems.empty());
        CHECK(v.result.files == 1);
        CHECK(v.result.datasets == 3);
        CHECK(v.result.unwritten == 2 * 3 * 3 - 1);
    }
}

TEST_CASE("verify: every damaged chunk is named and the others are still read") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "a.h5",
        {{.name = "d", .shape = {6, 40, 40}, .chunk = {1, 40, 40}, .filters = filters()}});
    for (const core::Index frame : {1, 4})
        damage(path, test::chunk_address(path, "d", {frame, 0, 0}));
    const Verified v = verify(path);
    CHECK(v.problems.size() == 2);
    CHECK(v.says("a.h5, /d, chunk at (1, 0, 0)"));
    CHECK(v.says("chunk at (4, 0, 0)"));
    CHECK(v.result.blocks == 6);
}

TEST_CASE("verify: a run of parts with a part missing a part short and a chunk missing") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    CHECK(verify(directory.path()).problems.empty());
    CHECK(verify(directory.path()).result.files == 3);

    const auto part = directory / "parts/0000.0001.h5";
    fs::rename(part, directory / "away.h5");
    Verified v = verify(directory.path());
    CHECK(v.problems.size() == 1);
    CHECK(v.says("missing part"));
    CHECK(v.says("0000.0001.h5"));

    std::ofstream(part) << "not HDF5 at all";
    v = verify(directory.path());
    CHECK(v.problems.size() == 1);
    CHECK(v.says("0000.0001.h5"));
}

TEST_CASE("verify: a part that lags behind what is committed lacks frames") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 2); // the second part has 2 of 3
    const Verified v = verify(directory.path());
    CHECK(v.problems.size() == 1);
    CHECK(v.says("missing frames"));
    CHECK(v.says("it has 2 of 3 committed"));
}

TEST_CASE("verify: a file that a writer marked and did not close is told, and read") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    mark_as_open(directory / "parts/0000.0001.h5", 5);
    const Verified v = verify(directory.path());
    CHECK(v.problems.size() == 1);
    CHECK(v.says("file is not closed"));
    CHECK(v.says("0000.0001.h5"));
    CHECK(v.result.files == 3);
}

TEST_CASE("verify: a run that a process writes need not be closed") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    mark_as_open(directory / "parts/0000.0001.h5", 5);
    std::ofstream(directory / "parts/0001.0000.h5.new") << "begun";
    CHECK(verify(directory.path()).problems.size() == 2);
    {
        const store::DirectoryLock writer(directory.path());
        for (const fs::path& path : {directory.path(), directory / "parts/0000.0001.h5"}) {
            const Verified v = verify(path);
            CHECK(v.problems.empty());
            REQUIRE(v.result.unchecked.size() == 1);
            CHECK_THAT(v.result.unchecked[0], Catch::Contains("since a run writes them"));
        }
        fs::remove(directory / "parts/0000.0000.h5"); // what is wrong stays wrong
        CHECK(verify(directory.path()).says("missing part"));
    }
}

TEST_CASE("verify: a killed run that committed nothing is what repair says it is") {
    const test::TemporaryDirectory directory;
    std::ofstream(directory / "config.toml") << "";
    std::ofstream(directory / "frames.h5.new") << "begun";
    const Verified v = verify(directory.path());
    CHECK(v.problems.size() == 1);
    CHECK(v.says("frames.h5.new"));
    const auto report = store::repair_run({directory.path()}, store::RepairMode::repair);
    CHECK(report.problems.empty());
    CHECK(verify(directory.path()).problems.empty());
    CHECK_THAT(verify(directory.path()).result.unchecked.at(0),
               Catch::Contains("none has been committed"));
}

TEST_CASE("verify: a link to the newest checkpoint that leads nowhere") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    test::SampleCheckpoint sample(2, core::Precision::f32);
    sample.write({directory.path()}, 30, {{{0, 0, 0}, {1, 20, 30}}});
    CHECK(verify(directory.path()).problems.empty());
    fs::rename(directory / "checkpoints/000000000030", directory / "elsewhere");
    CHECK(verify(directory.path()).says("latest"));
}

TEST_CASE("verify: a chunk's damage is told with its frame, chunk and offset") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    const auto part = directory / "parts/0000.0001.h5";
    const auto address = test::chunk_address(part, "v", {2, 10, 0});
    damage(part, address);
    const Verified v = verify(directory.path());
    CHECK(v.problems.size() == 1);
    CHECK(v.says("0000.0001.h5, /v, chunk at (2, 10, 0), offset " + std::to_string(address)));
}

TEST_CASE("verify: a truncated part, and a run whose frames.h5 is gone or damaged") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    const auto part = directory / "parts/0000.0001.h5";
    fs::resize_file(part, fs::file_size(part) - 1000);
    CHECK(verify(directory.path()).says("truncated"));
    const auto frames = directory / "frames.h5";
    for (const bool is_there : {true, false}) {
        if (is_there)
            fs::resize_file(frames, 100);
        else
            fs::remove(frames);
        const Verified v = verify(directory.path());
        CHECK(v.says("frames.h5"));
        CHECK(v.says("0000.0001.h5")); // the parts are looked at all the same
        CHECK(v.result.files == 1);    // that can be read
    }
}

TEST_CASE("verify and info: a run's checkpoints") {
    const test::TemporaryDirectory directory;
    const store::RunDirectory run{directory.path()};
    test::write_two_parts(directory.path(), 3, 3);
    test::SampleCheckpoint sample(2, core::Precision::f32);
    sample.write(run, 20, sample.split(1, 1, 2));
    sample.write(run, 30, sample.split(1, 1, 2));
    Verified v = verify(directory.path());
    CHECK(v.problems.empty());
    CHECK(v.result.checkpoints == 2);
    rework::FileDescription d = rework::describe(directory.path());
    REQUIRE(d.checkpoints.size() == 2);
    CHECK(d.checkpoints[0].step == 30);
    CHECK(d.checkpoints[0].is_latest);
    CHECK(d.checkpoints[0].bytes > 2 * 20 * 30 * 4);
    CHECK_FALSE(d.checkpoints[1].is_latest);
    CHECK_THAT(rework::to_text(d), Catch::Contains("2 ranks, after 3 frames  latest"));

    fs::remove(run.checkpoints() / "000000000020" / "0001.h5");
    fs::resize_file(run.checkpoints() / "000000000030" / "state.h5", 100);
    v = verify(directory.path());
    CHECK(v.problems.size() == 2);
    CHECK(v.says("000000000020/0001.h5"));
    CHECK(v.says("000000000030/state.h5"));
    d = rework::describe(directory.path());
    CHECK(d.checkpoints[1].is_latest);
    CHECK_THAT(rework::to_text(d), Catch::Contains("step 30  damaged"));
    CHECK_THAT(rework::to_json(d), Catch::Contains("\"step\": 20"));
}

TEST_CASE("verify: what is no HDF5 file is an error not a problem") {
    const test::TemporaryDirectory directory;
    std::ofstream(directory / "a.h5") << "text";
    CHECK_THROWS_AS(verify(directory / "a.h5"), core::Error);
    CHECK_THROWS_AS(verify(directory / "none.h5"), core::UsageError);
}

TEST_CASE("verify and diff: what claims a billion elements and stores few is told, not read") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(directory / "a.h5", {{.name = "huge",
                                                                .shape = {1 << 15, 1 << 15},
                                                                .chunk = {64, 64},
                                                                .written = {{0, 0}, {1, 1}}}});
    const Verified v = verify(path);
    CHECK(v.problems.empty());
    REQUIRE(v.result.unchecked.size() == 1);
    CHECK_THAT(v.result.unchecked[0], Catch::Contains("/huge: nearly all of it was never written"));
    rework::DiffOptions options;
    options.budget.memory = std::uint64_t{1} << 26;
    CHECK_THROWS_WITH(rework::diff(path, path, options),
                      Catch::Contains("/huge") && Catch::Contains("nothing else could be"));
    const auto two = test::write_samples(directory / "b.h5", {{.name = "huge",
                                                               .shape = {1 << 15, 1 << 15},
                                                               .chunk = {64, 64},
                                                               .written = {{0, 0}, {1, 1}}},
                                                              {.name = "small"}});
    const auto compared = rework::diff(two, two, options);
    CHECK_FALSE(compared.at(0).same());
    CHECK_FALSE(compared.at(0).differs());
    CHECK(compared.at(1).same());
    options.datasets = {"small", "huge"};
    CHECK_THROWS_WITH(rework::diff(two, two, options), Catch::Contains("cannot compare dataset"));
}

TEST_CASE("verify: what nobody here can decode is told and no problem") {
    const test::TemporaryDirectory directory;
    const auto path = test::write_samples(
        directory / "a.h5",
        {{.name = "odd", .chunk = {4, 10, 12}, .filters = {{.id = 305, .optional = true}}},
         {.name = "plain"}});
    const Verified v = verify(path);
    CHECK(v.problems.empty());
    CHECK(v.result.datasets == 1);
    REQUIRE(v.result.unchecked.size() == 1);
    CHECK_THAT(v.result.unchecked[0], Catch::Contains("a.h5, /odd: no plugin for filter 305"));
}

TEST_CASE("verify: scalars and elements of variable size are read too") {
    const test::TemporaryDirectory directory;
    const auto path = directory / "a.h5";
    {
        namespace hdf5 = store::hdf5;
        const auto file = hdf5::create_file(path, hdf5::file_creation(), hdf5::file_access());
        const hdf5::Type text(H5Tcopy(H5T_C_S1));
        H5Tset_size(text.get(), H5T_VARIABLE);
        const std::vector<const char*> values{"one", "", "three"};
        const auto texts = hdf5::create_dataset(
            file.get(), "texts", text.get(),
            hdf5::simple_space(std::vector<hsize_t>{values.size()}), hdf5::dataset_creation());
        hdf5::write(texts, text.get(), values.data());
        const double number = 1.5;
        const hdf5::Space scalar(H5Screate(H5S_SCALAR));
        hdf5::write(hdf5::create_dataset(file.get(), "number", H5T_IEEE_F64LE, scalar,
                                         hdf5::dataset_creation()),
                    H5T_NATIVE_DOUBLE, &number);
    }
    CHECK(verify(path).problems.empty());
    CHECK(verify(path).result.datasets == 2);
    std::string bytes;
    {
        std::ifstream in(path, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    const auto heap = bytes.find("GCOL"); // where texts lie
    REQUIRE(heap != std::string::npos);
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(heap));
        file << "LOST";
    }
    const Verified v = verify(path);
    CHECK(v.problems.size() == 1);
    CHECK(v.says("a.h5, /texts"));
    CHECK(v.result.datasets == 1);
    CHECK_THROWS_WITH(rework::diff(path, path, {.budget = {.memory = 1 << 20}, .datasets = {}}),
                      Catch::Contains("/texts"));
}

TEST_CASE("verify: a run's frames are in order and its columns as long as the steps") {
    const test::TemporaryDirectory directory;
    test::write_two_parts(directory.path(), 3, 3);
    namespace hdf5 = store::hdf5;
    const auto master = directory / "frames.h5";
    const auto change = [&](auto&& how) {
        const auto file = hdf5::open_file(master, hdf5::Mode::write);
        how(file);
    };
    const auto set_steps = [&](const std::vector<std::int64_t>& steps) {
        change([&](const hdf5::File& file) {
            hdf5::write(hdf5::open_dataset(file.get(), "step"), H5T_NATIVE_INT64, steps.data());
        });
    };
    set_steps({5, 9, 9});
    Verified v = verify(master);
    CHECK(v.problems.size() == 1);
    CHECK(v.says("frames out of order"));
    CHECK(v.says("frame 2 is of step 9, the one before of step 9"));
    set_steps({5, 9, 10});
    CHECK(verify(master).problems.empty());
    change([](const hdf5::File& file) {
        hdf5::resize(hdf5::open_dataset(file.get(), "time"), std::vector<hsize_t>{2});
    });
    v = verify(master);
    CHECK(v.says("/time"));
    CHECK(v.says("it has 2, /step counts 3"));
}

TEST_CASE("diff and verify name the place of a damaged chunk in the file") {
    const test::TemporaryDirectory directory;
    const test::SampleDataset sample{
        .name = "d", .shape = {6, 40, 40}, .chunk = {1, 40, 40}, .filters = filters()};
    const auto a = test::write_samples(directory / "a.h5", {sample});
    const auto b = test::write_samples(directory / "b.h5", {sample});
    const haddr_t address = test::chunk_address(b, "d", {3, 0, 0});
    damage(b, address);
    const auto place = Catch::Contains("b.h5, /d, chunk at (3, 0, 0), offset " +
                                       std::to_string(address) + ", length ");
    CHECK_THROWS_WITH(rework::diff(a, b, {.budget = {.memory = 1 << 20}, .datasets = {}}), place);
    const Verified v = verify(b);
    REQUIRE(v.problems.size() == 1);
    CHECK_THAT(v.problems[0], place);
}
