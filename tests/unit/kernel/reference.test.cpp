#include "morphogen/kernel/reference.hpp"

#include "catch.hpp"
#include "spec_cases.hpp"

#include <cmath>

using namespace morphogen;
using namespace morphogen::kernel;

TEST_CASE("the naive step reproduces the reference values") {
    for (const SpecCase& c : spec_cases()) {
        Grid<double> g = default_state<double>(c.shape);
        for (int i = 0; i < c.steps; ++i)
            g = naive_step(c.physics, g);
        INFO(c.name);
        CHECK(agrees(totals(g), c));
    }
}

TEST_CASE("the reference step agrees with the naive step to rounding error") {
    for (const bool fused : {false, true})
        for (const SpecCase& c : spec_cases()) {
            INFO(c.name);
            Grid<double> naive = default_state<double>(c.shape);
            Grid<double> g = naive;
            for (int i = 0; i < 32; ++i) {
                naive = naive_step(c.physics, naive);
                g = reference_step(c.physics, g, i, fused);
            }
            double error = 0;
            for (std::size_t i = 0; i < g.u.size(); ++i)
                error =
                    std::max({error, std::abs(g.u[i] - naive.u[i]), std::abs(g.v[i] - naive.v[i])});
            CHECK(error < 1e-13);
        }
}

TEMPLATE_TEST_CASE("an untouched medium stays untouched", "", float, double) {
    for (const StencilInfo& s : stencils)
        for (const double feed : {0.014, 0.0367, 0.078, 0.1})
            for (const double dt : {1.0, 0.5, 0.01, 0.37}) {
                Physics p;
                p.stencil = s.stencil;
                p.boundary = Boundary::periodic;
                p.feed = feed;
                p.dt = dt;
                if (stability_number(p) > 2) continue;
                INFO(s.name << " feed " << feed << " dt " << dt);
                Grid<TestType> g({1, 3, 3});
                std::ranges::fill(g.u, TestType{1});
                const Grid<TestType> next = reference_step(p, g, 0, true);
                CHECK(next.u.front() == TestType{1});
                CHECK(next.v.front() == TestType{0});
            }
}

TEST_CASE("noise has the amplitude asked for and depends on seed step and cell") {
    Physics p;
    p.boundary = Boundary::periodic;
    p.noise = 0.01;
    p.dt = 0.5;
    Grid<double> g({1, 40, 50});
    std::ranges::fill(g.u, 1.0);
    const auto a = reference_step(p, g, 5, true);
    const auto next = reference_step(p, g, 6, true);
    p.seed = 2;
    const auto seeded = reference_step(p, g, 5, true);
    double most = 0;
    for (std::size_t i = 0; i < a.u.size(); ++i) {
        most = std::max(most, std::abs(a.u[i] - 1.0));
        CHECK(a.u[i] != next.u[i]);
        CHECK(a.u[i] != seeded.u[i]);
        if (i > 0) CHECK(a.u[i] != a.u[i - 1]);
    }
    CHECK(most < 0.005);
    CHECK(most > 0.0049);
}
