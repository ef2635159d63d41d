#include "morphogen/rework/image.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace morphogen::rework {

using core::Index;

void RangeFinder::add(std::span<const double> values) noexcept {
    for (const double x : values) {
        if (!std::isfinite(x)) continue;
        range_ = seen_ ? ValueRange{std::min(range_.low, x), std::max(range_.high, x)}
                       : ValueRange{x, x};
        seen_ = true;
    }
}

ValueRange RangeFinder::range() const noexcept {
    if (!seen_) return {};
    if (range_.low < range_.high) return range_;
    const double width = std::max(std::abs(range_.low), 1.0);
    return {range_.low - width / 2, range_.low + width / 2};
}

Plane shrink(const Plane& plane, Index factor) {
    MORPHOGEN_EXPECT(factor >= 1);
    Plane small{(plane.height + factor - 1) / factor, (plane.width + factor - 1) / factor, {}};
    small.values.reserve(static_cast<std::size_t>(small.height * small.width));
    for (Index y = 0; y < small.height; ++y) {
        for (Index x = 0; x < small.width; ++x) {
            double sum = 0.0;
            Index count = 0;
            for (Index j = y * factor; j < std::min((y + 1) * factor, plane.height); ++j)
                for (Index i = x * factor; i < std::min((x + 1) * factor, plane.width); ++i) {
                    const double value =
                        plane.values[static_cast<std::size_t>(j * plane.width + i)];
                    if (!std::isfinite(value)) continue;
                    sum += value;
                    ++count;
                }
            small.values.push_back(count > 0 ? sum / static_cast<double>(count)
                                             : std::numeric_limits<double>::quiet_NaN());
        }
    }
    return small;
}

Image paint(const Plane& plane, ValueRange range, const Colormap& colors, Index magnify) {
    MORPHOGEN_EXPECT(magnify >= 1);
    Image image{plane.width * magnify, plane.height * magnify, {}};
    const std::size_t row_bytes = 3 * static_cast<std::size_t>(image.width);
    image.rgb.resize(row_bytes * static_cast<std::size_t>(image.height));
    const double scale = 1.0 / (range.high - range.low);
    std::uint8_t* out = image.rgb.data();
    const double* value = plane.values.data();
    for (Index y = 0; y < plane.height; ++y) {
        const std::uint8_t* row = out;
        for (Index x = 0; x < plane.width; ++x, ++value) {
            const Rgb color = colors((*value - range.low) * scale);
            for (Index i = 0; i < magnify; ++i) {
                *out++ = color.r;
                *out++ = color.g;
                *out++ = color.b;
            }
        }
        for (Index i = 1; i < magnify; ++i)
            out = std::copy_n(row, row_bytes, out);
    }
    return image;
}

} // namespace morphogen::rework
