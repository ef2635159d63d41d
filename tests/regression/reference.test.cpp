#include "morphogen/simulation/simulation.hpp"
#include "morphogen/simulation/summary.hpp"

#include "catch.hpp"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

using morphogen::config::Config;
using morphogen::core::Field;
using morphogen::core::Index;
using morphogen::core::Precision;
using morphogen::kernel::Boundary;
using morphogen::kernel::Stencil;
using morphogen::mpi::Communicator;
using morphogen::simulation::GlobalSummary;
using morphogen::simulation::Simulation;
namespace simulation = morphogen::simulation;

namespace {

/// A row of SPEC's table of reference values, with half a unit of the last digit shown there.
struct Reference {
    std::string name;
    int dims;
    Stencil stencil;
    Boundary boundary;
    Index steps;
    double sum_u, sum_v, max_v;
    double max_digit;
};

const std::vector<Reference>& references() {
    static const std::vector<Reference> all{
        {"oono-puri zero 32", 2, Stencil::oono_puri, Boundary::zero, 32, 7603.701182, 40.388710,
         0.52175502, 5e-9},
        {"oono-puri zero 320", 2, Stencil::oono_puri, Boundary::zero, 320, 7126.121794, 57.711096,
         0.35759142, 5e-9},
        {"oono-puri no-flux 320", 2, Stencil::oono_puri, Boundary::no_flux, 320, 7947.881207,
         57.882205, 0.35759651, 5e-9},
        {"patra-karttunen zero 320", 2, Stencil::patra_karttunen, Boundary::zero, 320, 7121.229932,
         57.956315, 0.34422682, 5e-9},
        {"five-point zero 320", 2, Stencil::five_point, Boundary::zero, 320, 7106.902429, 61.208322,
         0.32862465, 5e-9},
        {"seven-point periodic 100", 3, Stencil::seven_point, Boundary::periodic, 100, 29793.993357,
         1052.373193, 0.5720347, 5e-8}};
    return all;
}

Config config_of(const Reference& r, Precision precision) {
    Config config;
    config.grid.precision = precision;
    config.grid.dims = r.dims;
    config.physics.stencil = r.stencil;
    config.physics.boundary = r.boundary;
    config.grid.shape = {1, 64, 128};
    if (r.dims == 3) {
        config.grid.shape = {32, 32, 32};
        config.physics.feed = 0.02;
        config.physics.kill = 0.048;
        config.physics.diffusion_u = 0.2 / 6.0;
        config.physics.diffusion_v = 0.1 / 6.0;
    }
    return config;
}

GlobalSummary summary_of(const Simulation& sim, const Communicator& comm, Field field) {
    std::vector<std::byte> cells(sim.field_bytes());
    GlobalSummary s = simulation::globalize(sim.copy_out(field, cells), sim.block(), sim.global());
    comm.allreduce_struct<GlobalSummary>(s, simulation::merge);
    return s;
}

/// A cell's value on every rank. Collective.
double cell(const Simulation& sim, const Communicator& comm, Field field, Index y, Index x) {
    std::vector<std::byte> cells(sim.field_bytes());
    sim.copy_out(field, cells);
    double value = -1.0;
    const auto& block = sim.block();
    if (block.contains({0, y, x}))
        std::memcpy(&value,
                    cells.data() + 8 * ((y - block.lo[1]) * block.shape()[2] + x - block.lo[2]),
                    sizeof value);
    return comm.allreduce(value, morphogen::mpi::Op::max);
}

} // namespace

TEST_CASE("float64 agrees with independent implementations to all digits") {
    const Communicator world = Communicator::world();
    for (const Reference& r : references()) {
        CAPTURE(r.name);
        Simulation sim(config_of(r, Precision::f64), world, {.threads = 2});
        sim.advance(r.steps);
        const GlobalSummary u = summary_of(sim, world, Field::u);
        const GlobalSummary v = summary_of(sim, world, Field::v);
        CHECK(std::abs(u.cells.sum.value() - r.sum_u) <= 5.1e-7);
        CHECK(std::abs(v.cells.sum.value() - r.sum_v) <= 5.1e-7);
        CHECK(std::abs(v.cells.max - r.max_v) <= 1.02 * r.max_digit);
    }
}

TEST_CASE("a cell of the first reference agrees to all digits") {
    const Communicator world = Communicator::world();
    Simulation sim(config_of(references()[1], Precision::f64), world, {.threads = 2});
    sim.advance(320);
    CHECK(std::abs(cell(sim, world, Field::u, 32, 64) - 0.28084929) <= 5.1e-9);
    CHECK(std::abs(cell(sim, world, Field::v, 32, 64) - 0.32025500) <= 5.1e-9);
}

TEST_CASE("float32 agrees within a relative error of 1e-5") {
    const Communicator world = Communicator::world();
    for (const Reference& r : references()) {
        CAPTURE(r.name);
        Simulation sim(config_of(r, Precision::f32), world, {.threads = 2});
        sim.advance(r.steps);
        const GlobalSummary u = summary_of(sim, world, Field::u);
        const GlobalSummary v = summary_of(sim, world, Field::v);
        CHECK(std::abs(u.cells.sum.value() / r.sum_u - 1.0) <= 1e-5);
        CHECK(std::abs(v.cells.sum.value() / r.sum_v - 1.0) <= 1e-5);
        CHECK(std::abs(v.cells.max / r.max_v - 1.0) <= 1e-5);
    }
}
