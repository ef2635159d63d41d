#pragma once

#include "morphogen/core/box.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace morphogen::rework {

/// Which frames of a file, as Python slices select: "A:B:S", every part optional, negative numbers
/// counted from the end; or one number. Nothing given: all.
struct FrameSelection {
    std::optional<core::Index> start;
    std::optional<core::Index> stop;
    core::Index step = 1; // not 0
    bool single = false;  // start alone, which must exist

    /// @throws core::UsageError naming the text.
    static FrameSelection parse(std::string_view text);
    /// The last frame alone.
    static FrameSelection last() { return {.start = -1, .stop = {}, .step = 1, .single = true}; }

    /// The selected frames of @p frames, in order.
    /// @throws core::UsageError if there is none.
    std::vector<core::Index> of(core::Index frames) const;
};

} // namespace morphogen::rework
