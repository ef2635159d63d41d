#include "morphogen/simulation/tiling_policy.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <cstdlib>

using namespace morphogen;
using kernel::Stores;
using kernel::Tiling;
using simulation::parse_tiling_policy;

TEST_CASE("a tiling policy is auto, static or given in part") {
    CHECK(parse_tiling_policy("", "X").tune);
    CHECK(parse_tiling_policy("auto", "X").tune);
    CHECK_FALSE(parse_tiling_policy("static", "X").tune);
    CHECK(parse_tiling_policy("static", "X").fixed == Tiling{});
    CHECK(
        parse_tiling_policy("depth=16,columns=480,rows=540,planes=2,stores=streamed", "X").fixed ==
        Tiling{16, 480, 540, 2, Stores::streamed});
    const auto part = parse_tiling_policy("rows=7,stores=cached", "X");
    CHECK(part.fixed == Tiling{.rows = 7, .stores = Stores::cached});
    CHECK_FALSE(part.tune);
    CHECK(part.cache.empty());
}

TEST_CASE("what is no tiling policy is bad usage that names the variable and the part") {
    for (const char* text : {"fast", "depth", "depth=", "depth=0", "depth=65", "depth=1x",
                             "columns=99999999999999999999", "stores=fast", "rows=3,", "Depth=3"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_tiling_policy(text, "X"), core::UsageError);
    }
    CHECK_THROWS_WITH(parse_tiling_policy("rows=3,depht=4", "MORPHOGEN_TILING"),
                      Catch::Contains("MORPHOGEN_TILING") && Catch::Contains("'depht=4'") &&
                          !Catch::Contains("rows=3,depht"));
}

TEST_CASE("the policy comes from the environment") {
    ::setenv("MORPHOGEN_TILING", "depth=5", 1);
    CHECK(simulation::tiling_policy_from_environment().fixed.depth == 5);
    ::setenv("MORPHOGEN_TILING", "nonsense", 1);
    CHECK_THROWS_WITH(simulation::tiling_policy_from_environment(),
                      Catch::Contains("MORPHOGEN_TILING"));
    ::unsetenv("MORPHOGEN_TILING");
    CHECK(simulation::tiling_policy_from_environment().tune);
}
