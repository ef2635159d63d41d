#include "run/steps_between_votes.hpp"

#include "catch.hpp"

#include <vector>

using morphogen::core::Index;
using morphogen::run::steps_between_votes;
using morphogen::run::steps_to_vote;

namespace {

std::vector<Index> groups_of(Index steps, Index most, Index depth) {
    std::vector<Index> groups;
    for (Index left = steps; left > 0; left -= groups.back())
        groups.push_back(steps_to_vote(left, most, depth));
    return groups;
}

} // namespace

TEST_CASE("ranks vote after whole sweeps, each quarter of a second or each sweep") {
    CHECK(steps_between_votes(1e-12, 17) == 1'000'000'000 / 17 * 17);
    CHECK(steps_between_votes(0.001, 17) == 238);
    CHECK(steps_between_votes(0.0125, 17) == 17); // 20 would be sweeps of 10
    CHECK(steps_between_votes(0.05, 17) == 17);   // 5 would read memory three times as often
    CHECK(steps_between_votes(10.0, 17) == 17);
    CHECK(steps_between_votes(0.05, 1) == 5);
    CHECK(steps_between_votes(10.0, 1) == 1);
}

TEST_CASE("votes neither add sweeps nor make them uneven") {
    CHECK(groups_of(34, 34, 17) == std::vector<Index>{34});
    CHECK(groups_of(34, 17, 17) == std::vector<Index>{17, 17});
    CHECK(groups_of(34, 16, 16) == std::vector<Index>{12, 11, 11});
    CHECK(groups_of(34, 6, 2) == std::vector<Index>{6, 6, 6, 6, 6, 4});
    CHECK(groups_of(3, 16, 16) == std::vector<Index>{3});
    for (Index steps = 1; steps < 80; ++steps)
        for (Index depth = 1; depth < 20; ++depth)
            for (Index most = depth; most < 100; most += depth) {
                CAPTURE(steps, depth, most);
                Index sweeps = 0;
                for (const Index group : groups_of(steps, most, depth)) {
                    REQUIRE((group >= 1 && group <= most));
                    sweeps += (group + depth - 1) / depth;
                }
                REQUIRE(sweeps == (steps + depth - 1) / depth);
            }
}
