#include "morphogen/simulation/tiling_policy.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <cstdlib>
#include <string_view>

using namespace morphogen;
using kernel::Stores;
using kernel::Tiling;

namespace {

simulation::TilingPolicy parse(std::string_view text, int dims = 3) {
    return simulation::parse_tiling_policy(text, dims, "MORPHOGEN_TILING");
}

} // namespace

TEST_CASE("a tiling policy is auto, static or given in part") {
    CHECK(parse("").tune);
    CHECK(parse("auto").tune);
    CHECK_FALSE(parse("static").tune);
    CHECK(parse("static").fixed == Tiling{});
    CHECK(parse("depth=16,columns=480,rows=540,planes=2,stores=streamed").fixed ==
          Tiling{16, 480, 540, 2, Stores::streamed});
    const auto part = parse("rows=7,stores=cached");
    CHECK(part.fixed == Tiling{.rows = 7, .stores = Stores::cached});
    CHECK_FALSE(part.tune);
    CHECK(part.cache.empty());
}

TEST_CASE("what is no tiling policy is bad usage that names the variable and the part") {
    for (const char* text :
         {"fast", "depth", "depth=", "depth=0", "depth=65", "depth=1x",
          "columns=99999999999999999999", "stores=fast", "rows=3,", "Depth=3", "depth=3,depth=3",
          "depth=3,rows=2,depth=4", "stores=cached,stores=streamed"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse(text), core::UsageError);
    }
    CHECK_THROWS_WITH(parse("rows=3,depht=4"), Catch::Contains("MORPHOGEN_TILING") &&
                                                   Catch::Contains("'depht=4'") &&
                                                   !Catch::Contains("rows=3,depht"));
}

TEST_CASE("planes are for three dimensions") {
    CHECK(parse("planes=4", 3).fixed.planes == 4);
    CHECK_THROWS_WITH(parse("rows=4,planes=4", 2),
                      Catch::Contains("'planes=4'") && Catch::Contains("two dimensions"));
    CHECK_THROWS_WITH(parse("rows=4,rows=5", 2),
                      Catch::Contains("'rows=5'") && Catch::Contains("twice"));
}

TEST_CASE("the policy comes from the environment") {
    ::setenv("MORPHOGEN_TILING", "depth=5", 1);
    CHECK(simulation::tiling_policy_from_environment(2).fixed.depth == 5);
    ::setenv("MORPHOGEN_TILING", "nonsense", 1);
    CHECK_THROWS_WITH(simulation::tiling_policy_from_environment(2),
                      Catch::Contains("MORPHOGEN_TILING"));
    ::unsetenv("MORPHOGEN_TILING");
    CHECK(simulation::tiling_policy_from_environment(2).tune);
}
