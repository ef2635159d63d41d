#include "morphogen/run/run.hpp"

#include "morphogen/config/load.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/parallel/share_cores.hpp"
#include "morphogen/run/node_resources.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "shared_directory.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

using namespace morphogen;
using run::WriterStage;
using test::SharedDirectory;

namespace {

config::Config small_run(const std::string& directory, const std::string& more = "") {
    return config::parse("[grid]\nshape = [45, 61]\n[time]\nframes = 6\nsteps_per_frame = "
                         "5\n[threads]\ncompute = 1\nio = 2\n"
                         "[output]\nfields = [\"u\", \"v\"]\ndirectory = \"" +
                             directory + "\"\n" + more,
                         "test");
}

std::vector<float> all_frames(const std::string& directory, const std::string& dataset) {
    const store::FileReader reader(directory + "/frames.h5");
    std::vector<float> cells;
    for (core::Index frame = 0; frame < reader.frames().value(); ++frame) {
        std::vector<float> one(45 * 61);
        reader.read_frame(dataset, frame, std::span<float>(one));
        cells.insert(cells.end(), one.begin(), one.end());
    }
    return cells;
}

} // namespace

namespace {

/// /step, /time and /stats say what the frames show.
void check_records(const std::string& directory, const config::Config& config) {
    const auto records = store::FileReader(directory + "/frames.h5").records();
    CHECK(records.size() == 6);
    for (const core::Field field : {core::Field::u, core::Field::v}) {
        const auto cells = all_frames(directory, field == core::Field::u ? "/u" : "/v");
        auto begin = cells.begin();
        for (const store::FrameRecord& record : records) {
            CAPTURE(directory, record.number);
            CHECK(record.step == 5 * (record.number + 1));
            CHECK(record.time == static_cast<double>(record.step) * config.physics.dt);
            const auto end = begin + 45 * 61;
            const auto [least, most] = std::minmax_element(begin, end);
            const auto& statistics = record.statistics[static_cast<std::size_t>(field)];
            CHECK(statistics.min == static_cast<double>(*least));
            CHECK(statistics.max == static_cast<double>(*most));
            CHECK(statistics.mean == Approx(std::accumulate(begin, end, 0.0) / (45 * 61)));
            begin = end;
        }
    }
}

} // namespace

TEST_CASE("parts and shared files hold the bits that one rank stores") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const std::string rounding = GENERATE(as<std::string>(), "", "keep_bits = 9\n");
    const std::string one = directory.path() + "/one" + std::to_string(rounding.size());
    if (world.rank() == 0) run::run_simulation(small_run(one, rounding), mpi::Communicator());
    world.barrier();
    for (const char* layout : {"parts", "shared"}) {
        const std::string many = directory.path() + "/" + layout + std::to_string(rounding.size());
        const auto config =
            small_run(many, rounding + "layout = \"" + std::string(layout) + "\"\n");
        const run::Report report = run::run_simulation(config, world);
        CHECK(report.exit == "finished");
        CHECK(report.frames == 6);
        CHECK(report.steps == 30);
        CHECK(report.writer.bytes_raw == 6 * 2 * 45 * 61 * 4);
        CHECK(report.writer.bytes_stored > report.writer.bytes_raw / 50);
        CHECK(report.writer.bytes_stored < 2 * report.writer.bytes_raw);
        if (world.rank() == 0)
            for (const char* field : {"/u", "/v"})
                CHECK(all_frames(many, field) == all_frames(one, field));
        // What is rounded for the file is not what the statistics saw.
        if (world.rank() == 0 && rounding.empty()) check_records(many, config);
        world.barrier();
    }
}

TEST_CASE("a signal that comes with the last frame stops nothing") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    run::RunOptions options;
    int asked = 0;
    options.stop_signal = [&] { return ++asked >= 6 ? 15 : 0; };
    const run::Report report = run::run_simulation(
        config::parse("[grid]\nshape = [45, 61]\n[time]\nframes = 6\nsteps_per_frame = 1\n"
                      "[output]\ndirectory = \"" +
                          directory.path() + "/last\"\n",
                      "test"),
        world, options);
    CHECK(report.frames == 6);
    CHECK(report.exit == "finished");
}

TEST_CASE("one rank's failure in any stage ends all ranks with its text") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const int failing_rank = world.size() - 1;
    int number = 0;
    for (const WriterStage stage :
         {WriterStage::begin_frame, WriterStage::encode, WriterStage::put_chunk,
          WriterStage::end_frame, WriterStage::commit, WriterStage::close}) {
        CAPTURE(static_cast<int>(stage));
        const std::string name = directory.path() + "/failing" + std::to_string(number++);
        run::RunOptions options;
        options.probe = [&](WriterStage entered, core::Index frame) {
            if (world.rank() == failing_rank && entered == stage && frame >= 2)
                throw core::Error("disk on fire");
        };
        CHECK_THROWS_WITH(run::run_simulation(small_run(name), world, options), "disk on fire");
        world.barrier();
        if (world.rank() == 0 && stage != WriterStage::close) {
            const store::FileReader reader(name + "/frames.h5");
            // Frames are encoded ahead of what is stored; other stages have stored frame 0 before.
            CHECK(reader.frames().value() >= (stage == WriterStage::encode ? 0 : 1));
            CHECK(reader.frames().value() <= 3);
        }
        world.barrier();
    }
}

TEST_CASE("one rank's failure while it computes ends all ranks with its text") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    for (const bool stored : {true, false})
        for (const core::Index failing_step : {0, 10}) {
            CAPTURE(stored, failing_step);
            const std::string name = directory.path() + "/computing" + std::to_string(stored) +
                                     std::to_string(failing_step);
            run::RunOptions options;
            options.sweep_probe = [&](core::Index step) {
                if (world.rank() == world.size() - 1 && step >= failing_step)
                    throw core::Error("core on fire", core::ExitCode::stopped);
            };
            const auto config = small_run(name, stored ? "" : "enabled = false\n");
            try {
                run::run_simulation(config, world, options);
                FAIL("it did not fail");
            } catch (const mpi::AgreedError& e) {
                CHECK(std::string(e.what()) == "core on fire");
                CHECK(e.exit_code() == core::ExitCode::stopped);
            }
            world.barrier();
            if (world.rank() == 0 && stored) // the frames before that step
                CHECK(store::FileReader(name + "/frames.h5").frames().value() == failing_step / 5);
            world.barrier();
        }
}

TEST_CASE(
    "a run that diverges names field and step and cell on every rank and keeps what was stored") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const std::string name = directory.path() + "/diverging";
    const auto config =
        small_run(name, "[[initial.box]]\nfrom = [20, 30]\nto = [24, 34]\nu = 1e30\nv = 1e30\n");
    try {
        run::run_simulation(config, world);
        FAIL("it did not diverge");
    } catch (const mpi::AgreedError& e) {
        const std::string text = e.what();
        CHECK(text.find("not finite") != std::string::npos);
        CHECK(text.find("step 5") != std::string::npos);
    }
    world.barrier();
    if (world.rank() == 0) CHECK(store::FileReader(name + "/frames.h5").frames().value() == 0);
}

TEST_CASE("slow steps are taken in as few sweeps as quick ones") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const config::Config config =
        config::parse("[grid]\nshape = [64, 64]\n[time]\nframes = 1\nsteps_per_frame = "
                      "34\n[threads]\ncompute = 1\nio = 1\n[output]\ndirectory = \"" +
                          directory.path() + "\"\n",
                      "test");
    const auto sweeps = [&](std::chrono::milliseconds delay) {
        int count = 0;
        run::RunOptions options;
        options.force = true;
        options.sweep_probe = [&](core::Index) {
            ++count;
            std::this_thread::sleep_for(delay);
        };
        run::run_simulation(config, world, options);
        return count;
    };
    const int quick = sweeps(std::chrono::milliseconds(0));
    // 40 ms a step: the vote each quarter of a second must not cut sweeps short.
    CHECK(sweeps(std::chrono::milliseconds(40 * 34 / quick)) == quick);
}

TEST_CASE("ranks whose clocks differ look for numbers that are not finite together") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    config::Config config = small_run(directory.path(), "enabled = false\n");
    config.time.frames = 160;
    run::RunOptions options;
    options.sweep_probe = [](core::Index step) {
        if (step % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    };
    // The first check is due a second after the run began, for each rank.
    std::this_thread::sleep_for(std::chrono::milliseconds(300 * world.rank()));
    CHECK(run::run_simulation(config, world, options).steps == 800);
}

TEST_CASE("the ranks of a node divide its cores") {
    const mpi::Communicator world = mpi::Communicator::world();
    const run::NodeResources node = run::find_node_resources(world);
    CHECK(node.ranks == world.size());
    CHECK(node.cores == parallel::usable_cores());
    const auto real = parallel::CoreRights::of_this_process();
    const std::vector<int> cores = real.cores.numbers();
    const bool alike = world.agree(node.cores) && world.agree(cores.front()) &&
                       world.agree(cores.back()) && world.all_of(real.limits.empty());
    if (alike) CHECK(node.share == std::max(node.cores / node.ranks, 1)); // not bound

    const auto share = [&](int first, int last, std::vector<parallel::CpuLimit> limits = {}) {
        parallel::CoreRights mine{{}, std::move(limits)};
        for (int core = first; core <= last; ++core)
            mine.cores.add(core);
        return run::share_of_cores(world, mine);
    };
    CHECK(share(2000, 2059) == 60 / world.size());
    CHECK(share(10 * world.rank(), 10 * world.rank() + 9) == 10);
    CHECK(share(0, 63, {{.device = 1, .inode = 2, .cores = 6}}) == 6 / world.size());
    CHECK(share(world.rank(), world.rank(), {{.device = 1, .inode = 2, .cores = 6}}) == 1);
}

TEST_CASE("a bad MORPHOGEN_TILING ends all ranks or none") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const auto config = small_run(directory.path() + "/tiled");
    if (world.rank() == 0) ::setenv("MORPHOGEN_TILING", "garbage", 1);
    try {
        run::run_simulation(config, world);
        FAIL("it was not refused");
    } catch (const mpi::AgreedError& e) {
        CHECK(e.exit_code() == core::ExitCode::usage);
        CHECK_THAT(e.what(), Catch::Contains("MORPHOGEN_TILING") && Catch::Contains("'garbage'"));
    }
    if (world.rank() == 0) CHECK_FALSE(std::filesystem::exists(directory.path() + "/tiled"));
    ::setenv("MORPHOGEN_TILING", world.rank() == 0 ? "depth=3" : "garbage", 1);
    CHECK(run::run_simulation(config, world).frames == 6);
    ::unsetenv("MORPHOGEN_TILING");
}

TEST_CASE("a directory that holds a run is refused by all and replaced by force") {
    const mpi::Communicator world = mpi::Communicator::world();
    const SharedDirectory directory(world);
    const auto config = small_run(directory.path() + "/twice");
    run::run_simulation(config, world);
    CHECK_THROWS_WITH(run::run_simulation(config, world), Catch::Contains("--force"));
    run::RunOptions options;
    options.force = true;
    CHECK(run::run_simulation(config, world, options).frames == 6);
}
