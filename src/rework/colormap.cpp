#include "morphogen/rework/colormap.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/suggest.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>
#include <vector>

namespace morphogen::rework {
namespace {

using Linear = std::array<double, 3>; // linear-light sRGB, displayable in [0, 1]

// The transfer function of IEC 61966-2-1.
double to_linear(std::uint8_t code) {
    const double c = code / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

std::uint8_t to_code(double linear) {
    const double x = std::clamp(linear, 0.0, 1.0);
    const double c = x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1.0 / 2.4) - 0.055;
    return static_cast<std::uint8_t>(std::lround(255.0 * c));
}

// The matrices of Ottosson's article.
Linear linear_of(const Oklab& c) {
    const auto cube = [](double x) { return x * x * x; };
    const double l = cube(c.L + 0.3963377774 * c.a + 0.2158037573 * c.b);
    const double m = cube(c.L - 0.1055613458 * c.a - 0.0638541728 * c.b);
    const double s = cube(c.L - 0.0894841775 * c.a - 1.2914855480 * c.b);
    return {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
}

bool displayable(const Linear& c) {
    constexpr double slack = 1e-4; // less than half a step of 8 bits
    return std::all_of(c.begin(), c.end(),
                       [](double x) { return x >= -slack && x <= 1.0 + slack; });
}

struct Point {
    double chroma;
    double hue; // degrees in Oklab's a, b plane
};

/// Colour along a ramp of lightness: five points at equal distances.
struct Design {
    std::string_view name;
    std::string_view alike; // maps of other programs that look similar
    double darkest;
    double lightest;
    std::array<Point, 5> points;
    Rgb missing;
};

constexpr Rgb grey{128, 128, 128};
constexpr std::array designs{
    Design{"lagoon",
           "viridis parula cividis",
           0.14,
           0.97,
           {{{0.06, 278}, {0.13, 262}, {0.11, 215}, {0.125, 160}, {0.10, 108}}},
           grey},
    Design{"ember",
           "inferno hot afmhot",
           0.12,
           0.97,
           {{{0.05, 290}, {0.15, 330}, {0.19, 22}, {0.16, 60}, {0.07, 100}}},
           grey},
    Design{"orchid",
           "plasma magma",
           0.13,
           0.96,
           {{{0.07, 265}, {0.17, 285}, {0.21, 325}, {0.14, 5}, {0.04, 60}}},
           grey},
    Design{"moss",
           "greens summer",
           0.14,
           0.97,
           {{{0.03, 200}, {0.06, 175}, {0.12, 145}, {0.15, 125}, {0.08, 108}}},
           grey},
    Design{"gray",
           "grey greys grays",
           0.10,
           1.00,
           {{{0, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}},
           {150, 60, 60}},
};
constexpr auto names = [] {
    std::array<std::string_view, designs.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = designs[i].name;
    return all;
}();

/// A smooth curve through equally spaced points (Catmull-Rom), @p t in [0, 1].
template <std::size_t N>
double through(const std::array<double, N>& y, double t) {
    const double x = t * (N - 1);
    const std::size_t i = std::min(static_cast<std::size_t>(x), N - 2);
    const double f = x - static_cast<double>(i);
    const double before = i > 0 ? y[i - 1] : 2 * y[i] - y[i + 1];
    const double after = i + 2 < N ? y[i + 2] : 2 * y[i + 1] - y[i];
    const double m0 = (y[i + 1] - before) / 2;
    const double m1 = (after - y[i]) / 2;
    const double d = y[i + 1] - y[i];
    return y[i] + f * (m0 + f * (3 * d - 2 * m0 - m1 + f * (m0 + m1 - 2 * d)));
}

/// Of the 8-bit colours next to the nearest one, that of the best lightness: an even ramp shows
/// more than a shade of colour that is a step off.
Rgb round_for_lightness(const Oklab& wanted) {
    const Rgb nearest = to_rgb(wanted);
    Rgb best = nearest;
    double least = 1e9;
    const auto moved = [](std::uint8_t code, int by) {
        return static_cast<std::uint8_t>(std::clamp(code + by, 0, 255));
    };
    for (int i = 0; i < 27; ++i) {
        const Rgb c{moved(nearest.r, i / 9 - 1), moved(nearest.g, i / 3 % 3 - 1),
                    moved(nearest.b, i % 3 - 1)};
        const Oklab lab = to_oklab(c);
        const Oklab aim = to_oklab(nearest);
        const double error =
            8 * std::abs(lab.L - wanted.L) + std::hypot(lab.a - aim.a, lab.b - aim.b);
        if (error < least) {
            least = error;
            best = c;
        }
    }
    return best;
}

std::array<Rgb, Colormap::size> table_of(const Design& design) {
    std::array<double, 5> a{};
    std::array<double, 5> b{};
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double angle = design.points[i].hue * std::numbers::pi / 180.0;
        a[i] = design.points[i].chroma * std::cos(angle);
        b[i] = design.points[i].chroma * std::sin(angle);
    }
    std::array<Rgb, Colormap::size> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const double t = static_cast<double>(i) / static_cast<double>(table.size() - 1);
        const Oklab color{std::lerp(design.darkest, design.lightest, t), through(a, t),
                          through(b, t)};
        const bool grey_ramp = color.a == 0.0 && color.b == 0.0; // stays free of tints
        table[i] = grey_ramp ? to_rgb(color) : round_for_lightness(color);
    }
    return table;
}

std::string listed() {
    std::string text;
    for (const std::string_view name : names)
        text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

std::string_view meant(std::string_view name) {
    std::vector<core::Candidate> candidates;
    for (const Design& design : designs)
        candidates.push_back({std::string(design.name), design.alike});
    const std::string_view close = core::closest(name, candidates);
    const auto* design = std::find_if(designs.begin(), designs.end(),
                                      [&](const Design& d) { return d.name == close; });
    return design == designs.end() ? std::string_view{} : design->name; // outlives the candidates
}

} // namespace

Oklab to_oklab(Rgb color) noexcept {
    const double r = to_linear(color.r);
    const double g = to_linear(color.g);
    const double b = to_linear(color.b);
    const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

Rgb to_rgb(const Oklab& color) noexcept {
    // Chroma is what gives way: a shifted lightness or hue would show as a band in a smooth
    // picture.
    double chroma = 1.0;
    Linear c = linear_of(color);
    for (double step = 0.5; step > 1e-4; step /= 2) {
        if (chroma == 1.0 && displayable(c)) break;
        chroma += displayable(c) ? step : -step;
        c = linear_of({color.L, chroma * color.a, chroma * color.b});
    }
    return {to_code(c[0]), to_code(c[1]), to_code(c[2])};
}

Colormap::Colormap(std::string_view name) {
    const bool reversed = name.ends_with("-r");
    const std::string_view plain = reversed ? name.substr(0, name.size() - 2) : name;
    const auto* design = std::find_if(designs.begin(), designs.end(),
                                      [&](const Design& d) { return d.name == plain; });
    if (design == designs.end()) {
        const std::string_view close = meant(plain);
        throw core::UsageError(core::ErrorText{
            .what = "unknown colour map",
            .where = name,
            .why = "the maps are " + listed() + ", each also reversed with -r appended",
            .advice = close.empty() ? "" : "did you mean " + std::string(close) + "?"});
    }
    table_ = table_of(*design);
    missing_ = design->missing;
    if (reversed) std::reverse(table_.begin(), table_.end());
}

Rgb Colormap::operator()(double t) const noexcept {
    if (std::isnan(t)) return missing_;
    return table_[static_cast<std::size_t>(std::lround(std::clamp(t, 0.0, 1.0) * (size - 1)))];
}

std::span<const std::string_view> colormap_names() noexcept {
    return names;
}

} // namespace morphogen::rework
