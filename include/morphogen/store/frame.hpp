#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace morphogen::store {

/// One field's figures over the whole grid, dimensionless; the same bits for every number of ranks
/// and threads.
struct FieldStatistics {
    double min = 0.0;
    double max = 0.0;
    double mean = 0.0;
};

/// What is stored about a frame beside its cells.
struct FrameRecord {
    core::Index number = 0;                      // index on the time axis, from 0
    core::Index step = 0;                        // simulation step
    double time = 0.0;                           // step * dt, model time
    std::array<FieldStatistics, 2> statistics{}; // by core::Field
};

/// One rank's block of one frame. Owned by exactly one of: simulation, ring, writer, free ring.
struct Frame {
    FrameRecord record;
    /// The stored fields one after the other in the layout's order, each dense [nz][ny][nx] of the
    /// rank's block, in the grid's precision.
    core::AlignedBuffer<std::byte> cells;
};

} // namespace morphogen::store
