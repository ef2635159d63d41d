#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace morphogen::rework {

/// An 8-bit sRGB colour.
struct Rgb {
    std::uint8_t r = 0;
    std::uint8_t g = 0;
    std::uint8_t b = 0;

    friend bool operator==(const Rgb&, const Rgb&) = default;
};

/// A colour in Oklab (B. Ottosson, "A perceptual color space for image processing", 2020): L is the
/// perceived lightness from 0 to 1, a and b the colour, both 0 for greys.
struct Oklab {
    double L = 0.0;
    double a = 0.0;
    double b = 0.0;
};

Oklab to_oklab(Rgb color) noexcept;

/// The nearest displayable colour of the same lightness and hue.
Rgb to_rgb(const Oklab& color) noexcept;

/// A sequential colour map whose lightness rises by equal steps, so that equal differences of a
/// value look equal, in grey-scale print too.
class Colormap {
public:
    static constexpr std::size_t size = 256;

    /// One of colormap_names(); with "-r" appended, reversed.
    /// @throws core::UsageError naming the maps there are.
    explicit Colormap(std::string_view name);

    /// The colour of @p t in [0, 1], clamped; missing() for NaN.
    Rgb operator()(double t) const noexcept;

    /// What stands for values that are not numbers; no map holds it.
    Rgb missing() const noexcept { return missing_; }
    const std::array<Rgb, size>& table() const& noexcept { return table_; }
    void table() const&& = delete; // would not outlive the map

private:
    std::array<Rgb, size> table_{};
    Rgb missing_;
};

/// The maps there are, the default first.
std::span<const std::string_view> colormap_names() noexcept;

} // namespace morphogen::rework
