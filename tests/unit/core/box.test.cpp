#include "morphogen/core/box.hpp"

#include "catch.hpp"

using namespace morphogen::core;

TEST_CASE("split_evenly covers every cell once, larger parts first") {
    for (Index cells : {1, 5, 7, 64, 1080})
        for (Index parts = 1; parts <= std::min<Index>(cells, 9); ++parts) {
            Index next = 0;
            for (Index part = 0; part < parts; ++part) {
                const auto [begin, end] = split_evenly(cells, parts, part);
                CHECK(begin == next);
                CHECK(end > begin);
                next = end;
            }
            CHECK(next == cells);
        }
    CHECK(split_evenly(7, 3, 0)[1] == 3);
}

TEST_CASE("boxes that do not meet intersect in an empty box") {
    const Box a{{0, 0, 0}, {1, 4, 4}};
    const Box b{{0, 4, 0}, {1, 8, 4}};
    CHECK(intersect(a, b).empty());
    CHECK(intersect(a, a) == a);
    CHECK(intersect(a, Box{{0, 1, 2}, {1, 9, 9}}) == Box{{0, 1, 2}, {1, 4, 4}});
}
