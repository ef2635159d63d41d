#include "morphogen/parallel/following_distance.hpp"

#include "catch.hpp"

using namespace morphogen::parallel;

namespace {

/// After a hundred looks that found some.
FollowingDistance following(std::size_t capacity, int spins) {
    FollowingDistance distance(capacity, spins);
    for (int i = 0; i < 100; ++i)
        distance.looked(20);
    return distance;
}

} // namespace

TEST_CASE("who finds little again and again waits longer up to a limit") {
    FollowingDistance distance(1024, 400);
    CHECK(distance.length() == 0);
    distance.looked(3);
    CHECK(distance.length() == 2);
    distance.looked(63);
    CHECK(distance.length() == 4);
    CHECK(following(1024, 400).length() == 32);
    CHECK(following(1024, 64).length() == 16); // slow relax(): one at least
}

TEST_CASE("who finds enough waits as long as before and who finds much less") {
    FollowingDistance distance = following(1024, 400);
    distance.looked(64);
    distance.looked(256);
    CHECK(distance.length() == 32);
    distance.looked(257);
    CHECK(distance.length() == 30);
    for (int i = 0; i < 100; ++i)
        distance.looked(1024);
    CHECK(distance.length() == 0);
}

TEST_CASE("who found no more than an item per pause looks at once") {
    FollowingDistance distance = following(1024, 400);
    distance.looked(17);
    CHECK(distance.length() == 32);
    distance.looked(16);
    CHECK(distance.length() == 0);
    distance = following(1024, 400);
    distance.looked(0);
    CHECK(distance.length() == 0);
}

TEST_CASE("in round trips nobody waits longer than a pause") {
    FollowingDistance distance = following(1024, 400);
    for (int trip = 0; trip < 10; ++trip) {
        distance.looked(1); // also if each look finds the answer, because it waited
        CHECK(distance.length() <= 2);
    }
}

TEST_CASE("where there is no distance to keep nobody waits") {
    CHECK(following(3, 400).length() == 0);  // a queue of few frames
    CHECK(following(1024, 0).length() == 0); // one core
}
