#include "simulation/state.hpp"

#include "catch.hpp"

#include <cstdint>

using morphogen::core::Extents;
using morphogen::core::Index;
using morphogen::kernel::Fields;
using morphogen::simulation::FieldLayout;
using morphogen::simulation::make_field_layout;
using morphogen::simulation::State;

TEST_CASE("rows start on a cache line and do not alias") {
    for (const std::size_t cell : {std::size_t{4}, std::size_t{8}})
        for (const Index nx : {1, 16, 100, 256, 1000, 1024, 4096, 8191})
            for (const Index halo : {0, 1, 8, 17}) {
                const FieldLayout l = make_field_layout({1, 10, nx}, {0, halo, halo}, cell);
                const auto bytes = static_cast<Index>(cell);
                CHECK(l.pitch_y * bytes % 64 == 0);
                CHECK(l.origin * bytes % 64 == 0);
                CHECK(l.pitch_y >= nx + 2 * halo);
                CHECK(l.origin >= halo * l.pitch_y + halo);
                // The last halo cell of the last row.
                CHECK(l.origin + (9 + halo) * l.pitch_y + nx + halo <= l.size);
                const Index offset = l.pitch_y * bytes % 4096;
                if (nx * bytes >= 1024) CHECK((offset >= 256 && offset <= 4096 - 256));
            }
}

TEST_CASE("the four arrays of a state are apart") {
    State<double> state({4, 5, 6}, {2, 2, 2});
    const auto fill = [](const Fields<double>& f, double first) {
        for (Index z = -2; z < 6; ++z)
            for (Index y = -2; y < 7; ++y)
                for (Index x = -2; x < 8; ++x) {
                    f.u(z, y, x) = first;
                    f.v(z, y, x) = first + 1.0;
                }
    };
    const auto sum = [](const morphogen::core::View3<double>& a) {
        double s = 0.0;
        for (Index z = -2; z < 6; ++z)
            for (Index y = -2; y < 7; ++y)
                for (Index x = -2; x < 8; ++x)
                    s += a(z, y, x);
        return s / (8.0 * 9.0 * 10.0);
    };
    fill(state.current(), 1.0);
    fill(state.next(), 3.0);
    CHECK(sum(state.current().u) == 1.0);
    CHECK(sum(state.current().v) == 2.0);
    state.swap();
    CHECK(sum(state.current().u) == 3.0);
    CHECK(sum(state.current().v) == 4.0);
    CHECK(reinterpret_cast<std::uintptr_t>(state.current().v.data) % 64 == 0);
}
