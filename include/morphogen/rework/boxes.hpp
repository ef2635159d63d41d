#pragma once

#include "morphogen/core/nd_box.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace morphogen::rework {

/// Box number n of an endless or ended sequence of boxes of one shape; nothing past its end. Called
/// by one thread.
using BoxSequence = std::function<std::optional<core::NdBox>(core::Index n)>;

/// Where crop number @p n of @p shape lies in a dataset of shape @p whole: each origin that fits is
/// equally likely, and crop n depends on (seed, n) alone, so that any part of the sequence can be
/// had, in any order, on any number of threads.
///
/// Along axis a the origin is x·m / 2^64 (rounded down) of a 64-bit word x and the m origins that
/// fit; words whose low product is below 2^64 mod m are drawn again, which leaves every origin
/// exactly as many words (Lemire, "Fast random integer generation in an interval", ACM TOMACS 29,
/// 2019). x is words 0 (low) and 1 of Philox4x32-10 with key = seed and counter = (n, a, attempt):
/// n in 64 bits, the others in 32.
/// @param shape fits into whole, at least 1 along each axis.
core::NdBox random_box(const core::Dims& whole, const core::Dims& shape, std::uint64_t seed,
                       core::Index n);

/// random_box() without end. @throws core::UsageError if @p shape does not fit into @p whole
BoxSequence random_boxes(const core::Dims& whole, const core::Dims& shape, std::uint64_t seed);

/// Windows of @p length along the first axis, whole along the others, in order: the n-th begins at
/// n * stride; only those that fit.
/// @throws core::UsageError unless @p length and @p stride are 1 or more
BoxSequence windows(const core::Dims& whole, core::Index length, core::Index stride);

/// The first @p count boxes of a sequence: an epoch of an endless one.
BoxSequence first_boxes(BoxSequence boxes, core::Index count);

} // namespace morphogen::rework
