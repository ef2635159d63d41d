#include "morphogen/simulation/simulation.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/simulation/memory.hpp"

#include "catch.hpp"

#include <vector>

using morphogen::config::Config;
using morphogen::core::Field;
using morphogen::core::Index;
using morphogen::core::Precision;
using morphogen::core::UsageError;
using morphogen::kernel::Boundary;
using morphogen::kernel::Stencil;
using morphogen::mpi::Communicator;
using morphogen::simulation::make_process_grid;
using morphogen::simulation::memory_per_rank;
using morphogen::simulation::Simulation;
namespace kernel = morphogen::kernel;

namespace {

std::vector<std::byte> bytes_of(const Simulation& sim, Field field) {
    std::vector<std::byte> cells(sim.field_bytes());
    sim.copy_out(field, cells);
    return cells;
}

Config small_plane() {
    Config config;
    config.grid.shape = {1, 70, 90};
    config.physics.noise = 0.02;
    return config;
}

/// Whether this thread computes with subnormal numbers. Volatile: not at compile time.
bool keeps_subnormals() {
    volatile double small = 1e-300;
    volatile double product = small * 1e-10;
    return product != 0.0;
}

} // namespace

TEST_CASE("steps may be grouped in any way") {
    for (const Boundary boundary : {Boundary::zero, Boundary::periodic, Boundary::no_flux}) {
        Config config = small_plane();
        config.physics.boundary = boundary;
        Simulation one(config, Communicator(), {.threads = 1, .tiling = {.fixed = {.depth = 1}}});
        Simulation many(config, Communicator(), {.threads = 3, .tiling = {.fixed = {.depth = 6}}});
        CHECK(one.depth() == 1);
        CHECK(many.depth() == 6);
        one.advance(40);
        for (const Index steps : {1, 0, 13, 6, 20})
            many.advance(steps);
        CHECK(one.step() == 40);
        CHECK(many.step() == 40);
        CHECK(bytes_of(one, Field::u) == bytes_of(many, Field::u));
        CHECK(bytes_of(one, Field::v) == bytes_of(many, Field::v));
    }
}

TEST_CASE("the caller keeps its floating-point mode") {
    REQUIRE(keeps_subnormals());
    Config config = small_plane();
    Simulation sim(config, Communicator(), {.threads = 2});
    sim.advance(5);
    bytes_of(sim, Field::v);
    CHECK(keeps_subnormals());
}

TEST_CASE("a simulation may be moved") {
    Simulation first(small_plane(), Communicator(), {});
    first.advance(2);
    const auto before = bytes_of(first, Field::v);
    Simulation second = std::move(first);
    CHECK(second.step() == 2);
    CHECK(bytes_of(second, Field::v) == before);
    CHECK(second.halo_seconds() >= 0.0);
    CHECK(second.field_bytes() == 70 * 90 * 4);
    CHECK(second.block() == morphogen::core::Box{{0, 0, 0}, {1, 70, 90}});
}

TEST_CASE("memory per rank covers the state and little more") {
    Config config;
    config.grid.shape = {1, 4096, 4096};
    const auto alone = memory_per_rank(config, make_process_grid(config, 1), 2);
    const std::uint64_t state = std::uint64_t{4096} * 4096 * 4 * 4;
    CHECK(alone >= state);
    CHECK(alone < state + state / 4);
    const auto quarter = memory_per_rank(config, make_process_grid(config, 4), 2);
    CHECK(quarter < alone / 3);
    config.grid.precision = Precision::f64;
    CHECK(memory_per_rank(config, make_process_grid(config, 1), 2) > alone * 3 / 2);
}

TEST_CASE("memory per rank covers tiles of a given size, but none larger than the block") {
    Config config;
    config.grid.shape = {1, 200, 1 << 17};
    const auto grid = make_process_grid(config, 1);
    const auto planned = memory_per_rank(config, grid, 4);
    const kernel::Tiling wide{.depth = 64, .columns = 1 << 17};
    CHECK(memory_per_rank(config, grid, 4, wide) >
          planned + 4 * kernel::tile_bytes<float>(2, wide) / 2);
    CHECK(memory_per_rank(config, grid, 4, wide) <
          planned + 4 * kernel::tile_bytes<float>(2, wide));
    CHECK(memory_per_rank(config, grid, 4, {.depth = 64, .columns = 1 << 20}) ==
          memory_per_rank(config, grid, 4, wide));
    // Deeper halos: those of two cut axes.
    config.grid.shape = {1, 4096, 4096};
    const auto cut = make_process_grid(config, 4);
    CHECK(memory_per_rank(config, cut, 1, {.depth = 64, .columns = 64}) >
          memory_per_rank(config, cut, 1, {.depth = 4, .columns = 64}) + 8 * 2000 * 60);
}

TEST_CASE("the process grid is the configured one") {
    Config config;
    config.mpi.ranks = std::vector<Index>{2, 3};
    CHECK(make_process_grid(config, 6).shape() == morphogen::core::Extents{1, 2, 3});
    CHECK_THROWS_AS(make_process_grid(config, 4), UsageError);
}
