#include "kernel/tile_queue.hpp"

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/kernel/flush_subnormals.hpp"
#include "morphogen/kernel/reference.hpp"

#include "catch.hpp"
#include "kernel/tile.hpp"

#include <algorithm>
#include <array>
#include <vector>

using namespace morphogen;
using namespace morphogen::kernel;
using core::Box;
using core::Index;

namespace {

constexpr Box column{{0, 10, 0}, {1, 110, 64}};
constexpr std::array edges{Face::zero, Face::zero};
constexpr std::array zero_faces{edges, edges, edges};

template <typename T>
Grid<T> waves(const core::Extents& n) {
    Grid<T> g(n);
    for (std::size_t i = 0; i < g.u.size(); ++i) {
        g.u[i] = T{1} - static_cast<T>(i % 101) / T{300};
        g.v[i] = static_cast<T>(i % 97) / T{200};
    }
    return g;
}

template <typename T>
Fields<T> fields(Grid<T>& g) {
    const core::Extents& n = g.shape;
    return {{g.u.data(), n, n[2], n[1] * n[2]}, {g.v.data(), n, n[2], n[1] * n[2]}};
}

/// In another thread's place: takes over parts of the tile while its rows are written.
struct Taker {
    TileShare* share;
    std::vector<Box> taken{};
    Index rows_written = 0; // of u and of v

    static inline Taker* active = nullptr; // rows are written by a plain function

    template <typename T>
    static void copy_row(const T* from, T* to, Index count) {
        std::copy_n(from, count, to);
        if (++active->rows_written % 30 != 0) return;
        if (const auto part = active->share->take_over(5, 12)) active->taken.push_back(*part);
    }
};

} // namespace

TEST_CASE("what the owner has claimed is not taken over") {
    TileShare share;
    share.open(column, 1);
    CHECK(share.left() == 100);
    CHECK(share.claim(5) == 110); // before the tile: streaming begins there
    CHECK(share.left() == 100);
    CHECK(share.claim(30) == 110);

    // 80 left: 50 and 30, as the new part computes 20 more.
    const auto part = share.take_over(20, 40);
    REQUIRE(part);
    CHECK(*part == Box{{0, 80, 0}, {1, 110, 64}});
    CHECK(share.claim(40) == 80);
    CHECK(share.left() == 40);
    CHECK_FALSE(share.take_over(20, 41));
    CHECK(share.claim(1000) == 80); // the end, and no more
    CHECK(share.left() == 0);
    CHECK_FALSE(share.take_over(1, 2));
}

TEST_CASE("a free thread gets whole tiles first and then a part of the fullest") {
    const std::vector<Box> tiles{column, column, {{0, 0, 0}, {1, 10, 64}}};
    std::vector<TileShare> shares(3);
    TileQueue queue(tiles, shares, 1, 4, 8);
    const auto full = [](const Box& tile) { return tile.shape()[1] == 100; };
    CHECK(queue.next(0, full) == column);
    CHECK(queue.next(1, full) == column);
    shares[0].claim(90);
    shares[1].claim(50);
    CHECK(queue.next(2, full) == Box{{0, 82, 0}, {1, 110, 64}}); // 60 left: 32 and 28
    CHECK(shares[2].left() == 28);
    shares[1].claim(110);
    shares[2].claim(110);
    CHECK_FALSE(queue.next(1, full)); // 20 are left, 24 would be worth it
}

TEMPLATE_TEST_CASE("parts taken over from a tile while it is computed give the same bits", "",
                   float, double) {
    using T = TestType;
    const int dims = GENERATE(2, 3);
    const core::Extents n = dims == 3 ? core::Extents{90, 12, 40} : core::Extents{1, 700, 70};
    Physics physics;
    physics.stencil = dims == 3 ? Stencil::seven_point : Stencil::oono_puri;
    physics.noise = 0.01;
    const BlockGeometry geometry{
        .dims = dims, .global = n, .block = {{0, 0, 0}, n}, .faces = zero_faces, .halo = 0};
    constexpr Index steps = 5;
    const Isa isa = best_isa();
    const auto& kernels = row_kernels<T>(isa);
    Grid<T> start = waves<T>(n);
    Grid<T> got(n);
    const Sweep<T> sweep{.kernels = &kernels,
                         .walk = dims == 3 ? kernels.walk_seven_point : kernels.walk_separable,
                         .coefficients = make_coefficients<T>(physics),
                         .seed = physics.seed,
                         .boundary = physics.boundary,
                         .geometry = geometry,
                         .from = fields(start).as_const(),
                         .to = fields(got),
                         .first_step = 0,
                         .steps = steps,
                         .copy_row = Taker::copy_row<T>};
    const TileLayout layout =
        tile_layout<T>(dims, {.depth = steps, .columns = n[2], .rows = n[1], .planes = n[0]});
    core::AlignedBuffer<T> memory(static_cast<std::size_t>(layout.elements()));
    std::fill_n(memory.data(), memory.size(), T{0});

    TileShare share;
    const std::size_t axis = streamed_axis(dims);
    Taker taker{.share = &share};
    Taker::active = &taker;
    const FlushSubnormals flush;
    taker.taken.push_back(geometry.block);
    for (std::size_t i = 0; i < taker.taken.size(); ++i) { // parts are taken from parts, too
        const Box part = taker.taken[i];
        share.open(part, axis);
        run_tile(sweep, layout, memory.data(), part, share);
    }
    CHECK(taker.taken.size() > 8);
    // Each row was written once.
    CHECK(taker.rows_written == 2 * n[0] * n[1]);

    Grid<T> want = start;
    for (Index step = 0; step < steps; ++step)
        want = reference_step(physics, want, step, uses_fma(isa));
    CHECK(got.u == want.u);
    CHECK(got.v == want.v);
}
