#include "morphogen/rework/colormap.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

using namespace morphogen::rework;

TEST_CASE("every colour map gains lightness by equal steps") {
    for (const std::string_view name : colormap_names()) {
        CAPTURE(std::string(name));
        const Colormap map(name);
        const auto& table = map.table();
        const double first = to_oklab(table.front()).L;
        const double last = to_oklab(table.back()).L;
        REQUIRE(last - first > 0.7);
        const double step = (last - first) / (Colormap::size - 1);
        for (std::size_t i = 1; i < table.size(); ++i) {
            CAPTURE(i);
            const double L = to_oklab(table[i]).L;
            // 8 bits hold fewer than 256 greys between two greys.
            if (name == "gray")
                CHECK(L >= to_oklab(table[i - 1]).L);
            else
                CHECK(L > to_oklab(table[i - 1]).L);
            const double rounding = name == "gray" ? 0.009 : 0.003; // to 8 bits
            CHECK(std::abs(L - (first + step * static_cast<double>(i))) < rounding);
        }
    }
}

TEST_CASE("neighbouring colours of a map look alike") {
    for (const std::string_view name : colormap_names()) {
        CAPTURE(std::string(name));
        const Colormap map(name);
        const auto& table = map.table();
        for (std::size_t i = 1; i < table.size(); ++i) {
            const Oklab p = to_oklab(table[i - 1]);
            const Oklab q = to_oklab(table[i]);
            CHECK(std::hypot(p.L - q.L, p.a - q.a, p.b - q.b) < 0.02);
        }
    }
}

TEST_CASE("no map holds its colour for missing values") {
    for (const std::string_view name : colormap_names()) {
        CAPTURE(std::string(name));
        const Colormap colors(name);
        CHECK(std::find(colors.table().begin(), colors.table().end(), colors.missing()) ==
              colors.table().end());
        CHECK(colors(std::numeric_limits<double>::quiet_NaN()) == colors.missing());
    }
}

TEST_CASE("values outside the range take the end colours") {
    const Colormap colors(colormap_names().front());
    CHECK(colors(-7.0) == colors.table().front());
    CHECK(colors(0.0) == colors.table().front());
    CHECK(colors(1.0) == colors.table().back());
    CHECK(colors(std::numeric_limits<double>::infinity()) == colors.table().back());
}

TEST_CASE("a map can be reversed") {
    CHECK(Colormap("ember-r")(0.0) == Colormap("ember")(1.0));
    CHECK(Colormap("ember-r")(1.0) == Colormap("ember")(0.0));
}

TEST_CASE("an unknown colour map is bad usage that names the maps") {
    CHECK_THROWS_AS(Colormap("jet"), morphogen::core::UsageError);
    CHECK_THROWS_WITH(Colormap("jet"), Catch::Contains("jet") && Catch::Contains("lagoon, ember"));
    CHECK_THROWS_WITH(Colormap("lagon-r"), Catch::Contains("did you mean lagoon?"));
    CHECK_THROWS_WITH(Colormap("viridis"), Catch::Contains("did you mean lagoon?"));
    CHECK_THROWS_WITH(Colormap("xyz"), !Catch::Contains("did you mean"));
}

TEST_CASE("Oklab gives the published values and reads back") {
    CHECK(to_oklab({255, 255, 255}).L == Approx(1.0).margin(1e-4));
    const Oklab red = to_oklab({255, 0, 0}); // Ottosson's article: 0.628, 0.225, 0.126
    CHECK(red.L == Approx(0.628).margin(1e-3));
    CHECK(red.a == Approx(0.225).margin(1e-3));
    CHECK(red.b == Approx(0.126).margin(1e-3));
    for (const Rgb c : {Rgb{0, 0, 0}, Rgb{12, 200, 99}, Rgb{255, 0, 255}, Rgb{1, 2, 3}})
        CHECK(to_rgb(to_oklab(c)) == c);
    CHECK(std::abs(to_oklab(to_rgb({0.5, 0.4, 0.0})).L - 0.5) <
          0.01); // far too colourful: lightness stays
}
