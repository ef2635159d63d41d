#include "simulation/choose_tiling.hpp"

#include "catch.hpp"

using namespace morphogen;
using core::Extents;
using core::Index;
using kernel::Tiling;

namespace {

Index depth_of(Index steps_per_frame, const Extents& block, Tiling wanted = {}) {
    config::Config config;
    config.grid.dims = block[0] > 1 ? 3 : 2;
    config.grid.shape = block;
    config.time.steps_per_frame = steps_per_frame;
    return simulation::planned_tiling<float>(config, block, kernel::best_isa(), 2, wanted).depth;
}

} // namespace

TEST_CASE("tiles are deeper where a frame's steps then take fewer sweeps") {
    constexpr Extents block{1, 1080, 1920};
    const Index usual = depth_of(1, block);
    REQUIRE(usual == 16);
    CHECK(depth_of(16, block) == usual);
    CHECK(depth_of(17, block) == 17);
    CHECK(depth_of(20, block) == 20);
    CHECK(depth_of(21, block) == usual); // two sweeps either way
    CHECK(depth_of(34, block) == 17);
    CHECK(depth_of(35, block) == 18);
    CHECK(depth_of(50, block) == 17);
    CHECK(depth_of(1000, block) == usual); // one of 63 sweeps less is no gain
    CHECK(depth_of(34, block, {.depth = 5}) == 5);
}

TEST_CASE("tiles of thin and of three-dimensional blocks are as deep as ever") {
    CHECK(depth_of(7, {1, 8, 1920}) == 1);
    const Extents cube{128, 128, 128};
    for (const Index steps : {1, 7, 34})
        CHECK(depth_of(steps, cube) ==
              kernel::choose_tiling<float>(3, cube, kernel::best_isa(), 2).depth);
}
