#include "morphogen/rework/image.hpp"

#include "catch.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

using namespace morphogen::rework;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

Rgb pixel(const Image& image, morphogen::core::Index x, morphogen::core::Index y) {
    const auto* p = image.rgb.data() + 3 * (y * image.width + x);
    return {p[0], p[1], p[2]};
}

} // namespace

TEST_CASE("the automatic range is that of the finite values") {
    RangeFinder finder;
    CHECK(finder.range() == ValueRange{0.0, 1.0});
    finder.add(std::array{not_a_number, 2.0, -inf});
    finder.add(std::array{-1.0, inf});
    CHECK(finder.range() == ValueRange{-1.0, 2.0});
}

TEST_CASE("a constant field has a range of some width") {
    RangeFinder finder;
    finder.add(std::array{3.0, 3.0});
    CHECK(finder.range().low < 3.0);
    CHECK(finder.range().high > 3.0);
}

TEST_CASE("cells are painted row 0 first and magnified") {
    const Colormap colors("gray");
    const Image image = paint({2, 2, {0.0, 1.0, not_a_number, 0.5}}, {0.0, 1.0}, colors, 3);
    REQUIRE(image.width == 6);
    REQUIRE(image.height == 6);
    CHECK(pixel(image, 0, 0) == colors(0.0));
    CHECK(pixel(image, 2, 2) == colors(0.0));
    CHECK(pixel(image, 3, 2) == colors(1.0));
    CHECK(pixel(image, 0, 3) == colors.missing());
    CHECK(pixel(image, 5, 5) == colors(0.5));
}

TEST_CASE("shrinking averages what is finite") {
    const Plane small =
        shrink({3, 3, {1, 2, 3, 3, not_a_number, 5, not_a_number, not_a_number, 9}}, 2);
    REQUIRE(small.height == 2);
    REQUIRE(small.width == 2);
    CHECK(small.values[0] == Approx(2.0));
    CHECK(small.values[1] == Approx(4.0));
    CHECK(std::isnan(small.values[2]));
    CHECK(small.values[3] == Approx(9.0));
}
