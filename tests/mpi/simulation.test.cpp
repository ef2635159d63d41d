#include "morphogen/simulation/simulation.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/kernel/tuning.hpp"
#include "morphogen/simulation/memory.hpp"
#include "morphogen/simulation/summary.hpp"

#include "catch.hpp"
#include "gathered.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

using morphogen::config::Config;
using morphogen::core::Box;
using morphogen::core::Error;
using morphogen::core::Extents;
using morphogen::core::Field;
using morphogen::core::Index;
using morphogen::core::Precision;
using morphogen::core::UsageError;
using morphogen::kernel::Boundary;
using morphogen::kernel::Stencil;
using morphogen::mpi::Communicator;
using morphogen::simulation::GlobalSummary;
using morphogen::simulation::InitialFileReader;
using morphogen::simulation::Options;
using morphogen::simulation::Simulation;
namespace core = morphogen::core;
namespace kernel = morphogen::kernel;
namespace simulation = morphogen::simulation;

namespace {

Config small_case(const Extents& shape, Stencil stencil, Boundary boundary, Precision precision) {
    Config config;
    config.grid.dims = kernel::info(stencil).dims;
    config.grid.shape = shape;
    config.grid.precision = precision;
    config.physics.stencil = stencil;
    config.physics.boundary = boundary;
    config.physics.noise = 0.01;
    config.physics.seed = 77;
    config.initial.scatter = morphogen::config::InitialScatter{.count = 9, .radius = 3.0};
    return config;
}

/// Steps of uneven groups; the same on one rank without MPI must give the same bytes.
void compare_with_one_rank(const Config& config, Index depth) {
    const Communicator world = Communicator::world();
    Simulation split(config, world, {.threads = 2, .tiling = {.fixed = {.depth = depth}}});
    Config alone = config;
    alone.mpi.ranks.reset();
    Simulation whole(alone, Communicator(), {.threads = 1, .tiling = {.fixed = {.depth = 3}}});
    for (const Index steps : {5, 1, 0, 8}) {
        split.advance(steps);
        whole.advance(steps);
    }
    CHECK(split.step() == 14);
    CHECK(split.compute_seconds() > 0.0);
    for (const Field field : {Field::u, Field::v})
        CHECK(world.all_of(gathered(split, world, field) ==
                           gathered(whole, Communicator(), field)) == true);
}

Index thinnest(const Config& config, const Communicator& world) {
    Config copy = config;
    return Simulation(copy, world, {.tiling = {.fixed = {.depth = 1000000}}}).depth();
}

class OneBadCell final : public InitialFileReader {
public:
    explicit OneBadCell(Extents bad) : bad_(bad) {}
    void read(const morphogen::config::InitialFile&, const Extents&, const Box& box,
              double* out) override {
        std::fill(out, out + core::volume(box.shape()), 0.5);
        const Extents n = box.shape();
        if (box.contains(bad_))
            out[((bad_[0] - box.lo[0]) * n[1] + bad_[1] - box.lo[1]) * n[2] + bad_[2] - box.lo[2]] =
                std::numeric_limits<double>::quiet_NaN();
    }

private:
    Extents bad_;
};

class FailsOnOneRank final : public InitialFileReader {
public:
    explicit FailsOnOneRank(bool fails) : fails_(fails) {}
    void read(const morphogen::config::InitialFile& file, const Extents&, const Box& box,
              double* out) override {
        if (fails_) throw UsageError("no such file: " + file.path);
        std::fill(out, out + core::volume(box.shape()), 0.5);
    }

private:
    bool fails_;
};

GlobalSummary global_summary(const Simulation& sim, const Communicator& comm, Field field) {
    std::vector<std::byte> cells(sim.field_bytes());
    GlobalSummary summary =
        simulation::globalize(sim.copy_out(field, cells), sim.block(), sim.global());
    comm.allreduce_struct<GlobalSummary>(summary, simulation::merge);
    return summary;
}

} // namespace

TEST_CASE("ranks use rank 0's tiling, kept or measured") {
    const Communicator world = Communicator::world();
    Config config = small_case({1, 37, 53}, Stencil::oono_puri, Boundary::zero, Precision::f32);
    char name[] = "/tmp/morphogen-tilings-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr); // each rank its own: as on nodes that share no home
    const Options options{.tiling = {.tune = true, .cache = name}};
    const Extents block = simulation::make_process_grid(config, world.size()).block(0).shape();
    const kernel::TilingCache cache(options.tiling.cache);
    const Index planned = kernel::choose_tiling<float>(2, block, options.isa, 1).depth;
    const std::string key = kernel::tiling_key<float>(config.physics.stencil, block, options.isa, 1,
                                                      world.size(), planned);
    const auto kept = [&] { return cache.find(key).has_value(); };

    // Nothing kept, and a run too short to measure for.
    config.time.frames = 1;
    CHECK(world.agree(Simulation(config, world, options).depth()));
    CHECK(world.all_of(!kept()));

    config.time.frames = Index{1} << 50;
    CHECK(world.agree(Simulation(config, world, options).depth()));
    CHECK(world.all_of(kept() == (world.rank() == 0)));

    cache.store(key, {.depth = world.rank() == 0 ? 2 : 3,
                      .columns = 16,
                      .rows = 8,
                      .planes = 1,
                      .stores = kernel::Stores::cached});
    CHECK(world.all_of(Simulation(config, world, options).depth() == 2));
    std::filesystem::remove_all(name);
}

TEST_CASE("where ranks differ in how tilings are chosen rank 0's way counts") {
    const Communicator world = Communicator::world();
    Config config = small_case({1, 37, 53}, Stencil::oono_puri, Boundary::zero, Precision::f32);
    config.time.frames = Index{1} << 50; // long enough to measure
    const simulation::TilingPolicy measured{.tune = true};
    const simulation::TilingPolicy fixed{.fixed = {.depth = 3}};
    const auto depth = [&](const simulation::TilingPolicy& root,
                           const simulation::TilingPolicy& others) {
        return Simulation(config, world, {.tiling = world.is_root() ? root : others}).depth();
    };
    CHECK(world.all_of(depth(fixed, measured) == 3));
    CHECK(world.agree(depth(measured, fixed)));
}

TEST_CASE("2-D bits do not depend on the ranks") {
    for (const Stencil stencil : {Stencil::oono_puri, Stencil::patra_karttunen, Stencil::five_point,
                                  Stencil::equal_weights})
        for (const Boundary boundary : {Boundary::zero, Boundary::periodic, Boundary::no_flux})
            for (const Precision precision : {Precision::f32, Precision::f64}) {
                CAPTURE(kernel::info(stencil).name, static_cast<int>(boundary),
                        core::name_of(precision));
                compare_with_one_rank(small_case({1, 37, 53}, stencil, boundary, precision), 4);
            }
}

TEST_CASE("3-D bits do not depend on the ranks") {
    for (const Boundary boundary : {Boundary::zero, Boundary::periodic, Boundary::no_flux})
        for (const Precision precision : {Precision::f32, Precision::f64}) {
            CAPTURE(static_cast<int>(boundary), core::name_of(precision));
            compare_with_one_rank(
                small_case({13, 11, 17}, Stencil::seven_point, boundary, precision), 3);
        }
}

TEST_CASE("bits do not depend on the process grid given") {
    const Index n = Communicator::world().size();
    for (const Boundary boundary : {Boundary::zero, Boundary::periodic, Boundary::no_flux}) {
        Config plane = small_case({1, 41, 40}, Stencil::oono_puri, boundary, Precision::f32);
        for (Index rows = 1; rows <= n; ++rows) {
            if (n % rows != 0) continue;
            plane.mpi.ranks = std::vector<Index>{rows, n / rows};
            compare_with_one_rank(plane, 5);
        }
        Config cube = small_case({12, 13, 14}, Stencil::seven_point, boundary, Precision::f32);
        for (std::size_t axis = 0; axis < 3; ++axis) {
            cube.mpi.ranks = std::vector<Index>{1, 1, 1};
            (*cube.mpi.ranks)[axis] = n;
            compare_with_one_rank(cube, 2);
        }
    }
}

TEST_CASE("blocks thinner than the depth wanted limit it on every rank") {
    const Communicator world = Communicator::world();
    Config config = small_case({1, 13, 64}, Stencil::oono_puri, Boundary::zero, Precision::f32);
    config.mpi.ranks = std::vector<Index>{world.size(), 1};
    if (world.size() > 1) CHECK(thinnest(config, world) <= 13 / world.size());
    compare_with_one_rank(config, 1000);
    // As many ranks as rows: blocks one cell thin, periodic around them.
    config =
        small_case({1, world.size(), 9}, Stencil::oono_puri, Boundary::periodic, Precision::f64);
    config.mpi.ranks = std::vector<Index>{world.size(), 1};
    CHECK(thinnest(config, world) == 1);
    compare_with_one_rank(config, 0);
}

TEST_CASE("a restored state goes on with the same bits") {
    const Communicator world = Communicator::world();
    const Config config =
        small_case({1, 30, 31}, Stencil::oono_puri, Boundary::no_flux, Precision::f32);
    Simulation first(config, world, {.threads = 2});
    first.advance(7);
    std::vector<std::byte> u(first.field_bytes());
    std::vector<std::byte> v(first.field_bytes());
    first.copy_out(Field::u, u);
    first.copy_out(Field::v, v);
    first.advance(6);
    Simulation second(config, world, {});
    second.restore(7, u, v);
    second.advance(6);
    CHECK(second.step() == 13);
    CHECK(gathered(first, world, Field::u) == gathered(second, world, Field::u));
    CHECK(gathered(first, world, Field::v) == gathered(second, world, Field::v));
}

TEST_CASE("statistics do not depend on the ranks") {
    const Communicator world = Communicator::world();
    const Config config =
        small_case({1, 61, 47}, Stencil::oono_puri, Boundary::zero, Precision::f64);
    Simulation split(config, world, {});
    Simulation whole(config, Communicator(), {});
    split.advance(20);
    whole.advance(20);
    for (const Field field : {Field::u, Field::v}) {
        const GlobalSummary a = global_summary(split, world, field);
        const GlobalSummary b = global_summary(whole, Communicator(), field);
        CHECK(a.count == 61 * 47);
        CHECK(a.cells.min == b.cells.min);
        CHECK(a.cells.max == b.cells.max);
        CHECK(a.mean() == b.mean());
        CHECK(a.is_finite());
    }
}

TEST_CASE("the first cell that is not finite is named") {
    const Communicator world = Communicator::world();
    Config config;
    config.grid.shape = {1, 40, 40};
    config.initial.files.push_back({.path = "x.h5", .dataset = "v", .field = Field::v});
    OneBadCell reader({0, 33, 7});
    const Simulation sim(config, world, {.reader = &reader});
    const GlobalSummary v = global_summary(sim, world, Field::v);
    CHECK_FALSE(v.is_finite());
    CHECK(simulation::not_finite_message(Field::v, sim.step(), v, sim.global(), 2)
              .find("field v is not finite (step 0, cell [33, 7]): ") == 0);
    CHECK(global_summary(sim, world, Field::u).is_finite());
}

TEST_CASE("what fails on one rank fails on all") {
    const Communicator world = Communicator::world();
    Config config;
    config.grid.shape = {1, 40, 40};
    config.initial.files.push_back({.path = "x.h5", .dataset = "v", .field = Field::v});
    FailsOnOneRank reader(world.rank() == world.size() - 1);
    try {
        const Simulation sim(config, world, {.reader = &reader});
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string(error.what()) == "no such file: x.h5");
        CHECK(error.exit_code() == morphogen::core::ExitCode::usage);
    }
    CHECK_THROWS_AS(Simulation(config, world, {}), Error);
}

TEST_CASE("grids and ranks that do not fit are refused") {
    const Communicator world = Communicator::world();
    Config config;
    config.grid.shape = {1, 40, 40};
    config.mpi.ranks = std::vector<Index>{world.size() + 1, 1};
    CHECK_THROWS_AS(Simulation(config, world, {}), UsageError);
    config.mpi.ranks.reset();
    config.grid.shape = {1, 1, 1};
    if (world.size() > 1) CHECK_THROWS_AS(Simulation(config, world, {}), UsageError);
    config.grid.shape = {1, 40, 40};
    const kernel::Isa other = kernel::available_isas().front();
    if (world.size() > 1 && other != kernel::best_isa()) {
        const Options mixed{.isa = world.rank() == 0 ? other : kernel::best_isa()};
        CHECK_THROWS_AS(Simulation(config, world, mixed), UsageError);
    }
}
