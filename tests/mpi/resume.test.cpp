#include "morphogen/config/load.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/run/run.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "shared_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace morphogen;
using test::SharedDirectory;

namespace {

constexpr core::Index frames = 7;
constexpr core::Index steps_per_frame = 5;

config::Config small_run(const std::string& directory, const std::string& output = "",
                         const std::string& more = "", core::Index count = frames) {
    return config::parse("[grid]\nshape = [45, 61]\n[model]\nnoise = 1e-4\n[time]\nframes = " +
                             std::to_string(count) +
                             "\nsteps_per_frame = " + std::to_string(steps_per_frame) +
                             "\n[threads]\ncompute = 1\nio = 2\n[output]\nfields = [\"u\", \"v\"]\n"
                             "directory = \"" +
                             directory + "\"\n" + output + more,
                         "test");
}

/// Everything frames.h5 says of its committed frames.
struct Content {
    std::vector<core::Index> steps;
    std::vector<double> figures; // time and statistics
    std::vector<float> cells;    // of u and v
    friend bool operator==(const Content&, const Content&) = default;
};

Content content_of(const std::string& directory) {
    const store::FileReader reader(directory + "/frames.h5");
    Content all;
    for (const store::FrameRecord& record : reader.records()) {
        all.steps.push_back(record.step);
        all.figures.push_back(record.time);
        for (const auto& s : record.statistics)
            all.figures.insert(all.figures.end(), {s.min, s.max, s.mean});
        for (const char* field : {"/u", "/v"}) {
            std::vector<float> one(45 * 61);
            reader.read_frame(field, record.number, std::span<float>(one));
            all.cells.insert(all.cells.end(), one.begin(), one.end());
        }
    }
    return all;
}

/// Options that stop the launch at its @p votes-th vote on the last rank; 0: never.
run::RunOptions stopping_at(int votes, const mpi::Communicator& comm) {
    run::RunOptions options;
    options.resume = true;
    if (votes > 0 && comm.rank() == comm.size() - 1)
        options.stop_signal = [left = votes]() mutable { return --left <= 0 ? 15 : 0; };
    return options;
}

/// The uninterrupted run by one rank, made once per directory.
Content uninterrupted(const SharedDirectory& directory, const mpi::Communicator& world) {
    const std::string one = directory.path() + "/one";
    if (world.rank() == 0) run::run_simulation(small_run(one), mpi::Communicator());
    world.barrier();
    return content_of(one);
}

/// The first @p count ranks, or nothing on the others.
mpi::Communicator first_ranks(const mpi::Communicator& world, int count) {
    return world.split(world.rank() < count ? 0 : 1, world.rank());
}

} // namespace

TEST_CASE("a run that is stopped again and again ends with the bits of one that never was") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const Content expected = uninterrupted(directory, world);
    REQUIRE(expected.steps.size() == frames);
    int number = 0;
    for (const char* layout : {"parts"})
        for (const char* segments : {""})
            for (const char* every : {"never", "2 frames"}) {
                CAPTURE(layout, segments, every);
                const std::string name = directory.path() + "/stopped" + std::to_string(number++);
                const auto config =
                    small_run(name, "layout = \"" + std::string(layout) + "\"\n" + segments,
                              "[checkpoint]\nevery = \"" + std::string(every) + "\"\n");
                int launches = 0;
                run::Report report;
                for (; launches < 20 && report.exit != "finished"; ++launches)
                    report = run::run_simulation(config, world, stopping_at(2, world));
                CHECK(report.exit == "finished");
                CHECK(launches > 2);
                CHECK(report.launches == launches);
                CHECK(report.frames == frames);
                CHECK(report.steps == frames * steps_per_frame);
                if (world.rank() == 0) CHECK(content_of(name) == expected);
                world.barrier();
            }
}

TEST_CASE("a run goes on with another number of ranks") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const Content expected = uninterrupted(directory, world);
    for (const char* layout : {"parts", "shared"}) {
        CAPTURE(layout);
        const std::string name = directory.path() + "/" + layout;
        const auto config = small_run(name, "layout = \"" + std::string(layout) + "\"\n");
        std::vector<int> sizes{1};
        for (int size = world.size(); size >= 1; --size)
            sizes.push_back(size);
        for (const int size : sizes) {
            const mpi::Communicator ranks = first_ranks(world, size);
            if (world.rank() < size) {
                const auto report = run::run_simulation(config, ranks, stopping_at(2, ranks));
                CHECK(report.exit != "failed");
            }
            world.barrier();
        }
        const run::Report report = run::run_simulation(config, world, stopping_at(0, world));
        CHECK(report.exit == "finished");
        if (world.rank() == 0) CHECK(content_of(name) == expected);
        world.barrier();
    }
}

TEST_CASE("a finished run is left alone, and extended by more frames") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const Content expected = uninterrupted(directory, world);
    const std::string name = directory.path() + "/extended";
    run::run_simulation(small_run(name, "", "", 3), world);
    const auto again =
        run::run_simulation(small_run(name, "", "", 3), world, stopping_at(0, world));
    CHECK(again.exit == "finished");
    CHECK(again.frames == 3);
    const auto report = run::run_simulation(small_run(name), world, stopping_at(0, world));
    CHECK(report.exit == "finished");
    CHECK(report.frames == frames);
    if (world.rank() == 0) CHECK(content_of(name) == expected);
}

TEST_CASE("without a checkpoint a resumed run starts anew and compares what is stored") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const Content expected = uninterrupted(directory, world);
    const std::string name = directory.path() + "/anew";
    const auto config = small_run(name);
    run::run_simulation(config, world, stopping_at(3, world));
    world.barrier();
    if (world.rank() == 0) std::filesystem::remove_all(name + "/checkpoints");
    world.barrier();
    run::RunOptions options = stopping_at(0, world);
    std::string notes;
    options.note = [&](const std::string& text) { notes += text; };
    CHECK(run::run_simulation(config, world, options).exit == "finished");
    if (world.rank() == 0) {
        CHECK(notes.find("there is no checkpoint") != std::string::npos);
        CHECK(content_of(name) == expected);
    }
}

TEST_CASE("a damaged checkpoint is told and the one before it is used") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const Content expected = uninterrupted(directory, world);
    const std::string name = directory.path() + "/damaged";
    const auto config = small_run(name, "", "[checkpoint]\nevery = \"1 frames\"\n");
    run::run_simulation(config, world, stopping_at(5, world));
    world.barrier();
    std::string newest;
    if (world.rank() == 0) {
        const auto entries = store::list_checkpoints(store::RunDirectory{name});
        REQUIRE(entries.size() == 2);
        newest = entries.front().directory.native();
        // The last bytes of the largest file are cells.
        std::filesystem::path largest;
        for (const auto& file : std::filesystem::directory_iterator(newest))
            if (largest.empty() || file.file_size() > std::filesystem::file_size(largest))
                largest = file.path();
        std::fstream damaged(largest, std::ios::in | std::ios::out | std::ios::binary);
        damaged.seekg(-100, std::ios::end);
        const char byte = static_cast<char>(damaged.get() ^ 1);
        damaged.seekp(-100, std::ios::end);
        damaged.put(byte);
    }
    world.barrier();
    run::RunOptions options = stopping_at(0, world);
    std::string notes;
    options.note = [&](const std::string& text) { notes += text + "\n"; };
    CHECK(run::run_simulation(config, world, options).exit == "finished");
    if (world.rank() == 0) {
        CHECK(notes.find(newest + " is passed over") != std::string::npos);
        CHECK(content_of(name) == expected);
    }
}

TEST_CASE("another configuration is refused with the keys and values that differ") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const std::string name = directory.path() + "/other";
    run::run_simulation(small_run(name), world, stopping_at(2, world));
    auto config = small_run(name);
    config.physics.feed = 0.03;
    try {
        run::run_simulation(config, world, stopping_at(0, world));
        FAIL("it went on");
    } catch (const mpi::AgreedError& error) {
        CHECK(std::string(error.what()).find("model.feed was 0.014, is 0.03") != std::string::npos);
        CHECK(error.exit_code() == core::ExitCode::usage);
    }
    CHECK(run::run_simulation(small_run(name), world, stopping_at(0, world)).exit == "finished");
}

TEST_CASE("checkpoints that are asked for are written while the run goes on") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const std::string name = directory.path() + "/asked";
    run::RunOptions options;
    bool asked = false;
    options.checkpoint_request = [&] { return !std::exchange(asked, true); };
    const auto report = run::run_simulation(
        small_run(name, "", "[checkpoint]\nevery = \"never\"\n"), world, options);
    CHECK(report.exit == "finished");
    CHECK(report.checkpoints == 1);
    CHECK(report.checkpoint_step >= 0);
    CHECK(report.checkpoint_step < frames * steps_per_frame);
}

TEST_CASE("a run without output is stopped and resumed by its checkpoint") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const std::string name = directory.path() + "/none";
    const auto config = small_run(name, "enabled = false\n");
    const auto stopped = run::run_simulation(config, world, stopping_at(3, world));
    CHECK(stopped.exit == "stopped");
    CHECK(stopped.checkpoint_step == stopped.steps);
    const auto report = run::run_simulation(config, world, stopping_at(0, world));
    CHECK(report.exit == "finished");
    CHECK(report.steps == frames * steps_per_frame);
}
