#pragma once

#include "morphogen/rework/output_pattern.hpp"
#include "morphogen/rework/render.hpp"

#include <cstdint>

namespace morphogen::rework {

/// Which planes of a frame make its picture, how large that is, and how much may be in flight.
struct RenderPlan {
    core::Extents shape{};      // of a frame
    core::Index first = 0;      // planes [first, last) of axis z make the picture
    core::Index last = 1;       //
    core::Index slab = 1;       // planes that are read at once
    core::Index items = 1;      // slabs in flight
    core::Index width = 0;      // pixels
    core::Index height = 0;     // pixels
    std::uint64_t png_size = 0; // the most that a picture's PNG can take; 0 for a movie
    std::uint64_t bytes = 0;    // held at most

    core::Index slabs() const noexcept { return (last - first + slab - 1) / slab; } // of a frame
    core::Index plane_cells() const noexcept { return shape[1] * shape[2]; }
    /// Frames that can be begun and not finished while `items` slabs are in flight.
    core::Index frames() const noexcept {
        return slabs() == 1 ? items : (items + slabs() - 2) / slabs() + 1;
    }
};

/// @throws core::UsageError if there is no such slice, the frames have no cells, or a picture takes
/// more than @p memory bytes: it names the least that will do.
RenderPlan plan_render(const FrameSource& source, const RenderOptions& options, OutputKind kind,
                       int threads, std::uint64_t memory);

} // namespace morphogen::rework
