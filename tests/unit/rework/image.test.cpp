#include "morphogen/rework/image.hpp"

#include "catch.hpp"
#include "support.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

using namespace morphogen::rework;
using morphogen::test::pixel;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

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
    Image image;
    paint(Plane{2, 2, {0.0, 1.0, not_a_number, 0.5}}.view(), {0.0, 1.0}, colors, 3, Sides::any,
          image);
    REQUIRE(image.width == 6);
    REQUIRE(image.height == 6);
    CHECK(pixel(image, 0, 0) == colors(0.0));
    CHECK(pixel(image, 2, 2) == colors(0.0));
    CHECK(pixel(image, 3, 2) == colors(1.0));
    CHECK(pixel(image, 0, 3) == colors.missing());
    CHECK(pixel(image, 5, 5) == colors(0.5));
}

TEST_CASE("shrinking averages what is finite") {
    Plane small;
    shrink(Plane{3, 3, {1, 2, 3, 3, not_a_number, 5, not_a_number, not_a_number, 9}}.view(), 2,
           small);
    REQUIRE(small.height == 2);
    REQUIRE(small.width == 2);
    CHECK(small.values[0] == Approx(2.0));
    CHECK(small.values[1] == Approx(4.0));
    CHECK(std::isnan(small.values[2]));
    CHECK(small.values[3] == Approx(9.0));
}

TEST_CASE("even sides repeat the last column and row") {
    const Colormap colors("gray");
    Image image;
    const Plane plane{3, 1, {0.0, 0.5, 1.0}};
    paint(plane.view(), {0.0, 1.0}, colors, 1, Sides::even, image);
    REQUIRE(image.width == 2);
    REQUIRE(image.height == 4);
    REQUIRE(image.rgb.size() == 24);
    for (morphogen::core::Index x = 0; x < 2; ++x) {
        CHECK(pixel(image, x, 0) == colors(0.0));
        CHECK(pixel(image, x, 1) == colors(0.5));
        CHECK(pixel(image, x, 2) == colors(1.0));
        CHECK(pixel(image, x, 3) == colors(1.0));
    }
    paint(plane.view(), {0.0, 1.0}, colors, 3, Sides::even, image); // 3 x 9 cells' pixels
    REQUIRE(image.width == 4);
    REQUIRE(image.height == 10);
    CHECK(pixel(image, 3, 9) == colors(1.0));
    CHECK(pixel(image, 3, 2) == colors(0.0));
    CHECK(pixel(image, 0, 3) == colors(0.5));
}

TEST_CASE("any two finite ends make a range") {
    const Colormap colors("gray");
    Image image;
    const auto painted = [&](double low, double middle, double high) {
        paint(Plane{1, 3, {low, middle, high}}.view(), {low, high}, colors, 1, Sides::any, image);
        return std::array{pixel(image, 0, 0), pixel(image, 1, 0), pixel(image, 2, 0)};
    };
    const std::array expected{colors(0.0), colors(0.5), colors(1.0)};
    CHECK(painted(0.0, 32767.5, 65535.0) == expected); // 16-bit data
    CHECK(painted(-1e308, 0.0, 1e308) == expected);    // whose distance overflows
    CHECK(painted(0.0, 1e-320, 2e-320) == expected);   // whose reciprocal does
    CHECK(painted(1e17, 1e17 + 16, 1e17 + 32) == expected);
}

TEST_CASE("ranges of parts make that of the whole") {
    RangeFinder all;
    RangeFinder part;
    all.add(part); // nothing seen
    CHECK(all.range() == ValueRange{0.0, 1.0});
    part.add(std::array{3.0, 5.0});
    all.add(part);
    CHECK(all.range() == ValueRange{3.0, 5.0});
}
