#include "morphogen/run/plan.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

using namespace morphogen;
using run::make_plan;
using run::NodeResources;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20U;

} // namespace

TEST_CASE("a plan has a thread for each core that is the rank's share unless told otherwise") {
    config::Config config;
    const NodeResources node{.cores = 64, .share = 16, .ranks = 4, .memory = 1000 * mib};
    CHECK(make_plan(config, 4, node, {}).compute_threads == 16);
    config.threads.compute = 40;
    CHECK(make_plan(config, 4, node, {}).compute_threads == 40);
}

TEST_CASE("a plan counts the tiles that MORPHOGEN_TILING asks for") {
    config::Config config;
    config.grid.shape = {1, 100, 100000};
    config.output.enabled = false;
    NodeResources node{.cores = 4, .share = 4, .ranks = 1, .memory = 100000 * mib};
    const simulation::TilingPolicy wide{.fixed = {.depth = 64, .columns = 100000}};
    const auto usual = make_plan(config, 1, node, {}).rank_bytes();
    const auto large = make_plan(config, 1, node, wide).rank_bytes();
    CHECK(large > usual + 4 * 500 * mib);
    node.memory = large - 1;
    CHECK_NOTHROW(make_plan(config, 1, node, {}));
    CHECK_THROWS_WITH(make_plan(config, 1, node, wide),
                      Catch::Contains("not enough memory") && Catch::Contains("MORPHOGEN_TILING"));
}
