#include "morphogen/rework/image.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace morphogen::rework {

using core::Index;

namespace {

double mean_of_block(const PlaneView& plane, Index factor, Index y, Index x) {
    double sum = 0.0;
    Index count = 0;
    for (Index j = y * factor; j < std::min((y + 1) * factor, plane.height); ++j)
        for (Index i = x * factor; i < std::min((x + 1) * factor, plane.width); ++i) {
            const double value = plane.values[static_cast<std::size_t>(j * plane.width + i)];
            if (!std::isfinite(value)) continue;
            sum += value;
            ++count;
        }
    return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

std::uint8_t* paint_pixels(Rgb color, Index count, std::uint8_t* out) {
    for (Index i = 0; i < count; ++i) {
        *out++ = color.r;
        *out++ = color.g;
        *out++ = color.b;
    }
    return out;
}

} // namespace

void RangeFinder::add(std::span<const double> values) noexcept {
    for (const double x : values) {
        if (!std::isfinite(x)) continue;
        range_ = seen_ ? ValueRange{std::min(range_.low, x), std::max(range_.high, x)}
                       : ValueRange{x, x};
        seen_ = true;
    }
}

void RangeFinder::add(const RangeFinder& other) noexcept {
    if (other.seen_) add(std::array{other.range_.low, other.range_.high});
}

ValueRange RangeFinder::range() const noexcept {
    if (!seen_) return {};
    if (range_.low < range_.high) return range_;
    const double width = std::max(std::abs(range_.low), 1.0);
    return {range_.low - width / 2, range_.low + width / 2};
}

void shrink(const PlaneView& plane, Index factor, Plane& small) {
    MORPHOGEN_EXPECT(factor >= 1);
    small.height = (plane.height + factor - 1) / factor;
    small.width = (plane.width + factor - 1) / factor;
    small.values.resize(static_cast<std::size_t>(small.height * small.width));
    for (Index y = 0; y < small.height; ++y)
        for (Index x = 0; x < small.width; ++x)
            small.values[static_cast<std::size_t>(y * small.width + x)] =
                mean_of_block(plane, factor, y, x);
}

Index side_length(Index cells, Index magnify, Sides sides) noexcept {
    const Index pixels = cells * magnify;
    return sides == Sides::even ? pixels + pixels % 2 : pixels;
}

void paint(const PlaneView& plane, ValueRange range, const Colormap& colors, Index magnify,
           Sides sides, Image& image) {
    MORPHOGEN_EXPECT(magnify >= 1);
    image.width = side_length(plane.width, magnify, sides);
    image.height = side_length(plane.height, magnify, sides);
    const std::size_t row_bytes = 3 * static_cast<std::size_t>(image.width);
    image.rgb.resize(row_bytes * static_cast<std::size_t>(image.height));
    // The distance of two finite ends may overflow; and a division, because the reciprocal of a
    // small distance may.
    const double unit = std::isfinite(range.high - range.low) ? 1.0 : 0.5;
    const double low = unit * range.low;
    const double width = unit * range.high - low;
    std::uint8_t* out = image.rgb.data();
    const double* value = plane.values.data();
    Index rows = 0;
    for (Index y = 0; y < plane.height; ++y) {
        const std::uint8_t* row = out;
        for (Index x = 0; x < plane.width; ++x, ++value) {
            const Index last = x + 1 < plane.width ? magnify : image.width - x * magnify;
            out = paint_pixels(colors((unit * *value - low) / width), last, out);
        }
        const Index copies = y + 1 < plane.height ? magnify : image.height - rows;
        for (Index i = 1; i < copies; ++i)
            out = std::copy_n(row, row_bytes, out);
        rows += copies;
    }
}

} // namespace morphogen::rework
