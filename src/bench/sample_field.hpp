#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/box.hpp"

namespace morphogen::bench {

/// V of a Gray-Scott pattern that fills the grid: what codecs and stores meet in practice.
struct SampleField {
    core::Index height = 0;
    core::Index width = 0;
    core::AlignedBuffer<float> v; // [height][width]
};

/// Steps until the pattern of make_sample_field fills the grid and its low bits are noise.
constexpr core::Index developed_steps = 3000;

/// The same bits for the same arguments, whatever the threads.
SampleField make_sample_field(core::Index height, core::Index width, core::Index steps,
                              int threads);

} // namespace morphogen::bench
