#include "morphogen/kernel/stepper.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/kernel/flush_subnormals.hpp"

#include "catch.hpp"
#include "spec_cases.hpp"
#include "split_run.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <sstream>
#include <stdexcept>

using namespace morphogen;
using namespace morphogen::kernel;
using core::Extents;
using core::Index;

namespace {

template <typename T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <typename T>
Grid<T> reference(const Physics& physics, Grid<T> g, Index first_step, Index steps, bool fused) {
    const FlushSubnormals flush;
    for (Index i = 0; i < steps; ++i)
        g = reference_step(physics, g, first_step + i, fused);
    return g;
}

/// Smooth and rough, exact zeros, subnormals and values about to become such.
template <typename T>
Grid<T> random_state(std::mt19937& random, const Extents& n) {
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    Grid<T> g(n);
    for (std::size_t i = 0; i < g.u.size(); ++i) {
        g.u[i] = static_cast<T>(unit(random));
        const double kind = unit(random);
        const double smallest = static_cast<double>(std::numeric_limits<T>::min());
        g.v[i] = static_cast<T>(kind < 0.3   ? 0.0
                                : kind < 0.6 ? smallest * 4 * unit(random)
                                             : 0.5 * unit(random));
    }
    return g;
}

template <typename... Values>
auto pick(std::mt19937& random, Values... values) {
    const std::array list{values...};
    return list[random() % list.size()];
}

Physics random_physics(std::mt19937& random, int dims) {
    Physics p;
    p.stencil = dims == 3 ? Stencil::seven_point
                          : pick(random, Stencil::oono_puri, Stencil::patra_karttunen,
                                 Stencil::five_point, Stencil::equal_weights);
    p.boundary = pick(random, Boundary::zero, Boundary::periodic, Boundary::no_flux);
    p.spacing = pick(random, 1.0, 1.3);
    p.dt = pick(random, 1.0, 0.7);
    p.noise = pick(random, 0.0, 0.02);
    p.seed = random();
    return p;
}

template <typename T>
struct Trial {
    Physics physics;
    Extents shape;
    typename SplitRun<T>::Options options;
    Index first_step;
    std::vector<Index> sweeps;
};

/// 1 to @p most, short ones as often as long ones: below a tile's size and below its depth.
Index random_length(std::mt19937& random, Index most) {
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    return static_cast<Index>(std::pow(static_cast<double>(most) + 0.999, unit(random)));
}

template <typename T>
Trial<T> random_trial(std::mt19937& random) {
    Trial<T> t;
    const int dims = pick(random, 2, 2, 3);
    t.physics = random_physics(random, dims);
    if (dims == 3)
        t.shape = {random_length(random, 12), random_length(random, 20), random_length(random, 40)};
    else
        t.shape = {1, random_length(random, 80), random_length(random, 160)};
    auto& o = t.options;
    for (std::size_t a = dims == 3 ? 0 : 1; a < 3; ++a)
        o.blocks[a] = std::min<Index>(t.shape[a], pick(random, 1, 1, 2, 3));
    o.isa = available_isas()[random() % available_isas().size()];
    o.threads = pick(random, 1, 2, 4);
    o.in_parts = pick(random, false, true);
    o.tiling.depth = pick(random, 1, 2, 3, 5, 8);
    o.tiling.columns = pick(random, 0, 1, 5, 16, 48);
    o.tiling.rows = pick(random, 0, 1, 9, 20);
    o.tiling.planes = pick(random, 0, 1, 4);
    o.tiling.stores = pick(random, Stores::cached, Stores::streamed);
    t.first_step = pick(random, Index{0}, Index{1000}, Index{1} << 33);
    for (int i = 0; i < 3; ++i)
        t.sweeps.push_back(1 + static_cast<Index>(random()) % o.tiling.depth);
    return t;
}

template <typename T>
std::string describe(const Trial<T>& t) {
    std::ostringstream s;
    const auto& o = t.options;
    s << info(t.physics.stencil).name << " boundary " << static_cast<int>(t.physics.boundary)
      << " noise " << t.physics.noise << " shape " << t.shape[0] << ' ' << t.shape[1] << ' '
      << t.shape[2] << " blocks " << o.blocks[0] << ' ' << o.blocks[1] << ' ' << o.blocks[2] << ' '
      << name_of(o.isa) << " threads " << o.threads << " tiling " << o.tiling.depth << ' '
      << o.tiling.columns << ' ' << o.tiling.rows << ' ' << o.tiling.planes << " stores "
      << static_cast<int>(o.tiling.stores) << " in parts " << o.in_parts;
    return s.str();
}

template <typename T>
Grid<T> run_spec(const SpecCase& c, Isa isa) {
    SplitRun<T> run(c.physics, default_state<T>(c.shape), {.isa = isa, .threads = 2});
    for (Index step = 0; step < c.steps;) {
        const Index steps = std::min(run.depth(), c.steps - step);
        run.sweep(step, steps);
        step += steps;
    }
    return run.grid();
}

} // namespace

TEST_CASE("float64 reproduces the reference values to all digits") {
    for (const Isa isa : available_isas())
        for (const SpecCase& c : spec_cases()) {
            INFO(c.name << ' ' << name_of(isa));
            const Grid<double> g = run_spec<double>(c, isa);
            CHECK(agrees(totals(g), c));
            if (&c == &spec_cases()[1]) {
                CHECK(std::abs(g.u[32 * 128 + 64] - 0.28084929) < 0.6e-8);
                CHECK(std::abs(g.v[32 * 128 + 64] - 0.32025500) < 0.6e-8);
            }
        }
}

TEST_CASE("float32 reproduces the reference values to five digits") {
    for (const Isa isa : available_isas())
        for (const SpecCase& c : spec_cases()) {
            INFO(c.name << ' ' << name_of(isa));
            const Totals t = totals(run_spec<float>(c, isa));
            CHECK(t.sum_u == Approx(c.sum_u).epsilon(1e-5));
            CHECK(t.sum_v == Approx(c.sum_v).epsilon(1e-5));
            CHECK(t.max_v == Approx(c.max_v).epsilon(1e-5));
        }
}

TEMPLATE_TEST_CASE("every split tiling depth and thread count gives the reference bits", "", float,
                   double) {
    std::mt19937 random(20);
    for (int round = 0; round < 400; ++round) {
        const Trial<TestType> t = random_trial<TestType>(random);
        INFO(describe(t));
        const Grid<TestType> start = random_state<TestType>(random, t.shape);
        SplitRun<TestType> run(t.physics, start, t.options);
        REQUIRE(run.depth() == t.options.tiling.depth);
        Grid<TestType> want = start;
        Index step = t.first_step;
        for (const Index steps : t.sweeps) {
            run.sweep(step, steps);
            want = reference(t.physics, want, step, steps, uses_fma(t.options.isa));
            step += steps;
        }
        CHECK(run.complaint().empty());
        CHECK(same_bits(run.grid().u, want.u));
        CHECK(same_bits(run.grid().v, want.v));
    }
}

TEMPLATE_TEST_CASE("automatic tilings of larger grids give the reference bits", "", float, double) {
    std::mt19937 random(21);
    for (const Extents& n : {Extents{1, 300, 1100}, Extents{40, 70, 150}})
        for (const Isa isa : available_isas()) {
            Physics p = random_physics(random, n[0] > 1 ? 3 : 2);
            p.noise = 0.01;
            const Grid<TestType> start = random_state<TestType>(random, n);
            SplitRun<TestType> run(p, start, {.isa = isa, .threads = 2});
            run.sweep(7, run.depth());
            const Grid<TestType> want = reference(p, start, 7, run.depth(), uses_fma(isa));
            CHECK(run.complaint().empty());
            CHECK(same_bits(run.grid().u, want.u));
            CHECK(same_bits(run.grid().v, want.v));
        }
}

TEST_CASE("a field of subnormals is flushed in every thread and the caller keeps its mode") {
    volatile float small = 1e-40f;
    Physics p;
    p.boundary = Boundary::periodic;
    p.feed = 0;
    p.kill = 0;
    for (const Isa isa : available_isas()) {
        Grid<float> start({1, 64, 64});
        std::ranges::fill(start.u, 1e-40f);
        std::ranges::fill(start.v, 1e-40f);
        SplitRun<float> run(p, start, {.isa = isa, .threads = 4, .tiling = {.rows = 4}});
        run.sweep(0, 1);
        CHECK(std::ranges::all_of(run.grid().u, [](float x) { return x == 0; }));
        CHECK(std::ranges::all_of(run.grid().v, [](float x) { return x == 0; }));
        CHECK(small * 0.5f != 0.0f);
    }
}

TEST_CASE("progress is called between tiles and what it throws arrives") {
    Physics p;
    BlockGeometry g{.dims = 2, .global = {1, 64, 64}, .block = {{0, 0, 0}, {1, 64, 64}}};
    for (auto& faces : g.faces)
        faces = {Face::zero, Face::zero};
    std::vector<float> memory(4 * 64 * 64);
    const auto view = [&](std::size_t i) {
        return core::dense_view(memory.data() + i * 64 * 64, {1, 64, 64});
    };
    const Fields<float> from{view(0), view(1)};
    const Fields<float> to{view(2), view(3)};
    Stepper<float> stepper(p, g, Isa::baseline, 1, {.depth = 2, .columns = 16, .rows = 16});
    int calls = 0;
    stepper.sweep(from.as_const(), to, 0, 2, Part::all, [&] { ++calls; });
    CHECK(calls == 16);
    CHECK_THROWS_WITH(stepper.sweep(from.as_const(), to, 0, 2, Part::all,
                                    [] { throw std::runtime_error("lost"); }),
                      "lost");
    // Only the interior is free of halos: with none, it is everything.
    calls = 0;
    stepper.sweep(from.as_const(), to, 0, 2, Part::border, [&] { ++calls; });
    CHECK(calls == 0);
}

TEST_CASE("a stencil of other dimensions and an absent instruction set are refused") {
    BlockGeometry g{.dims = 3, .global = {8, 8, 8}, .block = {{0, 0, 0}, {8, 8, 8}}};
    for (auto& faces : g.faces)
        faces = {Face::zero, Face::zero};
    CHECK_THROWS_AS(Stepper<float>(Physics{}, g, Isa::baseline, 1), core::UsageError);
    Physics p;
    p.stencil = Stencil::seven_point;
    const Isa foreign = available_isas().back() == Isa::neon ? Isa::avx2 : Isa::neon;
    CHECK_THROWS_AS(Stepper<float>(p, g, foreign, 1), core::UsageError);
    CHECK_NOTHROW(Stepper<float>(p, g, Isa::baseline, 1));
}

TEST_CASE("first touch zeroes the block and the halos that exist and nothing else") {
    BlockGeometry g{.dims = 2, .global = {1, 16, 8}, .block = {{0, 0, 0}, {1, 8, 8}}, .halo = 2};
    for (auto& faces : g.faces)
        faces = {Face::zero, Face::zero};
    g.faces[1][1] = Face::halo;
    constexpr Index pitch = 16;
    std::vector<float> u(pitch * 12, 3.0f);
    std::vector<float> v = u;
    const Index origin = 2 * pitch + 2;
    const Fields<float> f{{u.data() + origin, {1, 8, 8}, pitch, 0},
                          {v.data() + origin, {1, 8, 8}, pitch, 0}};
    const Stepper<float> stepper(Physics{}, g, Isa::baseline, 2);
    stepper.first_touch(f);
    for (std::size_t i = 0; i < u.size(); ++i) {
        // Rows have a halo below them; columns have none.
        CHECK((u[i] == 0) == (i % pitch >= 2 && i % pitch < 10));
        CHECK(v[i] == u[i]);
    }
}
