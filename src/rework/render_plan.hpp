#pragma once

#include "morphogen/rework/output_pattern.hpp"
#include "morphogen/rework/render.hpp"

#include <cstdint>

namespace morphogen::rework {

/// Which planes of a frame make its picture, how large that is, and how much is held at once.
struct RenderPlan {
    core::Extents shape{};      // of a frame
    core::Index first = 0;      // planes [first, last) of axis z make the picture
    core::Index last = 1;       //
    core::Index width = 0;      // pixels
    core::Index height = 0;     // pixels
    std::uint64_t png_size = 0; // the most that a picture's PNG can take; 0 for a movie

    core::Index batch = 1;    // frames that are read, then painted
    core::Index pictures = 1; // in flight
    int readers = 1;          // threads that decode
    std::uint64_t bytes = 0;  // held at most

    core::Index plane_cells() const noexcept { return shape[1] * shape[2]; }
};

/// What a plan is made for, beside the options.
struct RenderTask {
    OutputKind kind = OutputKind::picture;
    core::Index frames = 1;   // selected
    bool reads_twice = false; // for the range first
    int threads = 1;          //
    std::uint64_t memory = 0; // bytes
};

/// @throws core::UsageError if there is no such slice, the frames have no cells, or a picture takes
/// more than the memory: it names the least that will do.
RenderPlan plan_render(const FrameSource& source, const RenderOptions& options,
                       const RenderTask& task);

} // namespace morphogen::rework
