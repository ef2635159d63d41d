#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/rework/frame_selection.hpp"
#include "morphogen/rework/image.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::rework {

/// Where frames come from: one numeric dataset [time, (z,) y, x].
class FrameSource {
public:
    virtual ~FrameSource() = default;
    virtual core::Index frames() const = 0;
    virtual core::Extents shape() const = 0; // {nz, ny, nx} of a frame; nz = 1 in 2-D
    /// Planes [first, last) of axis z of a frame, dense; @p values is resized.
    virtual void read(core::Index frame, core::Index first, core::Index last,
                      std::vector<double>& values) = 0;
};

/// Opens a run's directory or any HDF5 file. The dataset is /v (or /u), else the only numeric one
/// with 3 or 4 axes.
/// @throws core::UsageError if @p dataset is not given and it is not clear which is meant;
/// core::Error
std::unique_ptr<FrameSource> open_frames(const std::filesystem::path& input,
                                         const std::optional<std::string>& dataset);

/// How a 3-D frame becomes a plane: one z, or the largest value along z.
enum class Flatten { slice, max };

struct RenderOptions {
    std::string output;                   // see OutputPattern
    std::optional<FrameSelection> frames; // nothing: all; for a single picture the last
    std::optional<ValueRange> range;      // nothing: that of the selected frames
    std::string colormap;                 // empty: the default
    Scale scale;
    Flatten flatten = Flatten::slice;
    std::optional<core::Index> slice; // z, negative from the end; nothing: the middle
    double frames_per_second = 30.0;  // of a movie
    std::function<void(core::Index done, core::Index all)> progress; // pictures; may be empty
};

struct RenderResult {
    core::Index pictures = 0;
    core::Index width = 0;  // pixels
    core::Index height = 0; // pixels
    ValueRange range;
    std::filesystem::path first; // file name
    std::filesystem::path last;
};

/// Pictures of frames: PNG files or a movie. The output's directory is created.
/// @throws core::UsageError for options that cannot be; core::Error
RenderResult render_frames(FrameSource& source, const RenderOptions& options);

/// The texts of the command line. @throws core::UsageError naming the text.
ValueRange parse_range(std::string_view text);   // "A,B"
Scale parse_scale(std::string_view text);        // "3", "1/4"
core::Index parse_slice(std::string_view text);  // "z=K" or "K"
Flatten parse_projection(std::string_view text); // "max"

} // namespace morphogen::rework
