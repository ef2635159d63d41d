#pragma once

#include "morphogen/core/box.hpp"

#include "bench/measurements.hpp"

#include <cstdint>
#include <filesystem>

namespace morphogen::bench {

/// frames.h5 of a run of a pattern that fills the plane: /v, f32, [frames, height, width].
struct DevelopedFile {
    std::filesystem::path path;
    core::Index frames = 0;
    core::Index height = 0;
    core::Index width = 0;

    std::uint64_t raw_bytes() const noexcept {
        return static_cast<std::uint64_t>(frames * height * width) * sizeof(float);
    }
};

/// Frames as far apart as a run's, so that neither the next frame nor the next cell tells what
/// comes: copies of one frame would compress along the time axis as no real field does.
/// @param directory is created. @throws core::Error
DevelopedFile make_developed_file(const Context& context, core::Index frames, const char* codec,
                                  const std::filesystem::path& directory);

} // namespace morphogen::bench
