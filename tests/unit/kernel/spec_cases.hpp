#pragma once

#include "morphogen/kernel/reference.hpp"

#include <algorithm>
#include <array>
#include <cmath>

/// SPEC section 1's reference values, from independent implementations.
struct SpecCase {
    const char* name;
    morphogen::core::Extents shape;
    morphogen::kernel::Physics physics;
    int steps;
    double sum_u, sum_v, max_v;
    double last_digit = 1e-8; // of max_v; 1e-6 of the sums
};

inline const std::array<SpecCase, 6>& spec_cases() {
    using namespace morphogen::kernel;
    static const std::array<SpecCase, 6> cases = [] {
        const Physics zero{};
        Physics no_flux = zero;
        no_flux.boundary = Boundary::no_flux;
        Physics karttunen = zero;
        karttunen.stencil = Stencil::patra_karttunen;
        Physics five = zero;
        five.stencil = Stencil::five_point;
        Physics cube{.feed = 0.02, .kill = 0.048, .diffusion_u = 0.2 / 6, .diffusion_v = 0.1 / 6};
        cube.stencil = Stencil::seven_point;
        cube.boundary = Boundary::periodic;
        const morphogen::core::Extents n{1, 64, 128};
        return std::array<SpecCase, 6>{
            {{"zero, 32 steps", n, zero, 32, 7603.701182, 40.388710, 0.52175502},
             {"zero", n, zero, 320, 7126.121794, 57.711096, 0.35759142},
             {"no-flux", n, no_flux, 320, 7947.881207, 57.882205, 0.35759651},
             {"patra-karttunen", n, karttunen, 320, 7121.229932, 57.956315, 0.34422682},
             {"five-point", n, five, 320, 7106.902429, 61.208322, 0.32862465},
             {"seven-point", {32, 32, 32}, cube, 100, 29793.993357, 1052.373193, 0.5720347, 1e-7}}};
    }();
    return cases;
}

/// SPEC section 1's default initial state.
template <typename T>
morphogen::kernel::Grid<T> default_state(const morphogen::core::Extents& n) {
    using morphogen::core::Index;
    morphogen::kernel::Grid<T> g(n);
    std::ranges::fill(g.u, T{1});
    std::ranges::fill(g.v, T{0});
    const bool flat = n[0] == 1;
    for (Index z = 0; z < n[0]; ++z)
        for (Index y = 0; y < n[1]; ++y)
            for (Index x = 0; x < n[2]; ++x) {
                const auto i = static_cast<std::size_t>((z * n[1] + y) * n[2] + x);
                const auto near = [&](Index at, Index cells) {
                    return at >= cells / 2 - 6 && at < cells / 2 + 6;
                };
                if (flat && y >= std::max<Index>(7 * n[1] / 16 - 4, 0) &&
                    y < std::max<Index>(8 * n[1] / 16 - 4, 0) && x >= 7 * n[2] / 16 &&
                    x < 8 * n[2] / 16) {
                    g.u[i] = 0;
                    g.v[i] = 1;
                }
                if (!flat && near(z, n[0]) && near(y, n[1]) && near(x, n[2])) {
                    g.u[i] = static_cast<T>(0.25);
                    g.v[i] = static_cast<T>(0.33);
                }
            }
    return g;
}

struct Totals {
    double sum_u = 0, sum_v = 0, max_v = 0;
};

inline bool agrees(const Totals& t, const SpecCase& c) {
    return std::abs(t.sum_u - c.sum_u) < 0.6e-6 && std::abs(t.sum_v - c.sum_v) < 0.6e-6 &&
           std::abs(t.max_v - c.max_v) < 0.6 * c.last_digit;
}

template <typename T>
Totals totals(const morphogen::kernel::Grid<T>& g) {
    Totals t;
    for (const T x : g.u)
        t.sum_u += static_cast<double>(x);
    for (const T x : g.v) {
        t.sum_v += static_cast<double>(x);
        t.max_v = std::max(t.max_v, static_cast<double>(x));
    }
    return t;
}
