#include "morphogen/mpi/agreement.hpp"
#include "morphogen/mpi/process_grid.hpp"
#include "morphogen/store/reader.hpp"
#include "morphogen/store/repair.hpp"
#include "morphogen/store/run_directory.hpp"
#include "morphogen/store/run_inventory.hpp"

#include "catch.hpp"
#include "sample_frames.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace morphogen;
using core::Index;

namespace {

struct Launch {
    int ranks;
    config::Layout layout = config::Layout::parts;
    Index frames_per_file = 0;
    std::vector<Index> chunk{10, 10};
    bool killed = false; // in the middle of a frame
};

config::Config configuration(const Launch& launch) {
    config::Config c;
    c.grid.shape = {1, 23, 31};
    c.output.chunk = launch.chunk;
    c.output.layout = launch.layout;
    c.output.frames_per_file = launch.frames_per_file;
    c.output.sync = config::Sync::never;
    return c;
}

/// The launch's ranks store @p frames frames more; the last two stored ones are checked first.
void store_frames(const Launch& launch, const store::RunDirectory& directory, Index kept,
                  Index frames, const mpi::Communicator& comm) {
    const config::Config c = configuration(launch);
    const auto grid = mpi::ProcessGrid::choose(c.grid.shape, c.grid.dims, comm.size());
    const auto layout = store::make_layout(c, grid.block(comm.rank()));
    const auto sink =
        store::open_sink(c, directory, layout, {.config_toml = "seed = 1\n", .ranks = comm.size()},
                         comm.duplicate(), kept);
    CHECK(sink->committed() == kept);
    CHECK(sink->flushed() == kept);
    for (Index n = std::max<Index>(kept - 2, 0); n < kept; ++n)
        sink->check_stored(test::sample_frame(layout, n));
    if (kept > 0) {
        auto other = test::sample_frame(layout, kept - 1);
        other.cells.data()[0] ^= std::byte{1};
        CHECK_THROWS_AS(sink->check_stored(other), core::Error);
    }
    for (Index n = kept; n < kept + frames; ++n) {
        test::write_frame(*sink, layout, test::sample_frame(layout, n));
        sink->commit();
        sink->publish(comm.allreduce(sink->flushed(), mpi::Op::min));
    }
    if (launch.layout == config::Layout::parts || comm.size() == 1) {
        CHECK(sink->committed() == kept + frames);
        if (launch.frames_per_file > 0)
            CHECK(kept + frames - sink->segment_start() <= launch.frames_per_file);
    }
    if (!launch.killed) {
        sink->close();
        CHECK(sink->committed() == kept + frames);
        return;
    }
    if (comm.rank() == comm.size() - 1) { // this one ran ahead
        test::write_frame(*sink, layout, test::sample_frame(layout, kept + frames));
        if (comm.size() > 1) sink->commit(); // alone it would count
    }
    sink->abandon();
}

void check_frames(const store::RunDirectory& directory, Index frames) {
    const store::FileReader reader(directory.frames());
    REQUIRE(reader.frames() == frames);
    std::vector<float> cells(23 * 31);
    for (Index n = 0; n < frames; ++n) {
        CAPTURE(n);
        reader.read_frame("/v", n, std::span<float>(cells));
        std::size_t wrong = 0;
        for (Index y = 0; y < 23; ++y)
            for (Index x = 0; x < 31; ++x)
                wrong += cells[static_cast<std::size_t>(y * 31 + x)] !=
                         static_cast<float>(test::sample_value(n, core::Field::v, {0, y, x}));
        CHECK(wrong == 0);
        CHECK(reader.records()[static_cast<std::size_t>(n)].step == test::sample_record(n).step);
    }
}

std::string temporary_directory(const mpi::Communicator& comm) {
    std::string name = (std::filesystem::temp_directory_path() / "morphogen-seg-XXXXXX").string();
    if (comm.is_root()) REQUIRE(::mkdtemp(name.data()) != nullptr);
    comm.broadcast(name);
    return name;
}

} // namespace

TEST_CASE("runs go on with other ranks, layouts, chunks and segments, and hold every frame") {
    const mpi::Communicator world = mpi::Communicator::world();
    const int n = world.size();
    constexpr auto shared = config::Layout::shared;
    const auto launches = GENERATE_COPY(
        std::vector<Launch>{{1}, {n}, {n}, {std::max(n - 1, 1)}, {n, shared}, {1}},
        std::vector<Launch>{{n, shared}, {n, shared, 2}, {n}, {1}},
        std::vector<Launch>{{n, {}, 2}, {n, {}, 2}, {1, {}, 2}, {n, {}, 3}},
        std::vector<Launch>{{n, {}, 0, {10, 10}, true}, {n}, {n, {}, 0, {7, 9}}, {1}},
        std::vector<Launch>{{n, {}, 2, {10, 10}, true}, {1, {}, 0, {10, 10}, true}, {n}});
    const std::string name = temporary_directory(world);
    const store::RunDirectory directory{name};
    Index stored = 0;
    for (const Launch& launch : launches) {
        const bool takes_part = world.rank() < launch.ranks;
        const mpi::Communicator comm = world.split(takes_part ? 0 : 1, world.rank());
        if (world.is_root()) {
            const auto report = store::repair_run(directory, store::RepairMode::repair);
            CHECK(report.problems.empty());
            CHECK(report.committed == stored);
        }
        world.barrier();
        if (takes_part) store_frames(launch, directory, stored, 3, comm);
        stored += 3;
        world.barrier();
        if (world.is_root() && !launch.killed) {
            check_frames(directory, stored);
            CHECK(store::take_inventory(directory).problems.empty());
        }
        world.barrier();
    }
    if (world.is_root()) std::filesystem::remove_all(name);
}
