#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/rework/colormap.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace morphogen::rework {

/// A picture: 8-bit RGB, rows from the top, no padding.
struct Image {
    core::Index width = 0;         // pixels
    core::Index height = 0;        // pixels
    std::vector<std::uint8_t> rgb; // height * width * 3
};

/// The values that the two ends of a colour map stand for.
struct ValueRange {
    double low = 0.0;
    double high = 1.0;

    friend bool operator==(const ValueRange&, const ValueRange&) = default;
};

/// The range of the finite values of all planes seen so far.
class RangeFinder {
public:
    void add(std::span<const double> values) noexcept;
    void add(const RangeFinder& other) noexcept;
    /// {0, 1} if nothing finite was seen; widened where all values are the same.
    ValueRange range() const noexcept;

private:
    bool seen_ = false;
    ValueRange range_;
};

/// Picture pixels per cell, numerator / denominator: {3, 1} paints squares of 3 x 3 pixels, {1, 4}
/// averages 4 x 4 cells.
struct Scale {
    core::Index up = 1;
    core::Index down = 1;
};

/// A plane of values, dense [height][width], dimensionless.
struct PlaneView {
    core::Index height = 0;
    core::Index width = 0;
    std::span<const double> values;
};

/// The same, owned.
struct Plane {
    core::Index height = 0;
    core::Index width = 0;
    std::vector<double> values;

    PlaneView view() const noexcept { return {height, width, values}; }
};

/// Averages blocks of @p factor x @p factor values (those at the far edges may be smaller) into
/// @p small, whose memory is used again. Values that are not finite do not count; a block of only
/// such gives NaN.
void shrink(const PlaneView& plane, core::Index factor, Plane& small);

/// What a picture's sides may be. Video wants even ones: the last column and row are then repeated
/// where needed, which loses no cell and draws no line.
enum class Sides { any, even };

/// A side of @p cells cells, @p magnify pixels each, in pixels.
core::Index side_length(core::Index cells, core::Index magnify, Sides sides) noexcept;

/// Paints row 0 at the top, as arrays are printed, into @p image, whose memory is used again.
/// Values beyond the range take the colours at its ends, NaN that of missing values; any two finite
/// ends will do, whatever their distance.
void paint(const PlaneView& plane, ValueRange range, const Colormap& colors, core::Index magnify,
           Sides sides, Image& image);

} // namespace morphogen::rework
