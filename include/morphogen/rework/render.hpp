#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/rework/frame_selection.hpp"
#include "morphogen/rework/image.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace morphogen::rework {

/// Where frames come from: one numeric dataset [time, (z,) y, x]. One thread.
class FrameSource {
public:
    virtual ~FrameSource() = default;
    virtual core::Index frames() const = 0;
    virtual core::Extents shape() const = 0; // {nz, ny, nx} of a frame; nz = 1 in 2-D

    /// Frames n k to n k + n - 1, for this n, are best read together: the chunks' length in time.
    virtual core::Index frames_at_once() const { return 1; }
    /// What read() holds, beside its result.
    virtual std::uint64_t reading_bytes(int threads) const = 0;
    /// The largest value along planes [first, last) of axis z of each frame; NaN only where all
    /// are.
    /// @param frames distinct. @param planes dense, [frame][ny][nx].
    virtual void read(std::span<const core::Index> frames, core::Index first, core::Index last,
                      std::span<double> planes, int threads) = 0;

    /// The range of all cells of the given frames, if it is known without reading them.
    virtual std::optional<ValueRange> stored_range(std::span<const core::Index> frames) const;
};

/// Opens a run's directory or any HDF5 file. The dataset is /v (or /u), else the only numeric one
/// with 3 or 4 axes.
/// @throws core::UsageError if @p dataset is not given and it is not clear which is meant;
/// core::Error
std::unique_ptr<FrameSource> open_frames(const std::filesystem::path& input,
                                         const std::optional<std::string>& dataset);

/// How a 3-D frame becomes a plane: one z, or the largest value along z.
enum class Flatten { slice, max };

/// What render_frames() is doing.
enum class RenderStage { range, pictures };

struct RenderOptions {
    std::string output;                   // see OutputPattern
    std::optional<FrameSelection> frames; // nothing: all; for a single picture the last
    std::optional<ValueRange> range;      // nothing: that of the cells that are shown
    std::string colormap;                 // empty: the default
    Scale scale;
    Flatten flatten = Flatten::slice;
    std::optional<core::Index> slice; // z, negative from the end; nothing: the middle
    double frames_per_second = 30.0;  // of a movie; above 0
    int threads = 0;                  // 0: every core the process may use
    std::uint64_t memory = 0;         // bytes; 0: a quarter of what the process may use
    /// Called by the calling thread, frames done of all; may be empty.
    std::function<void(RenderStage, core::Index done, core::Index all)> progress;
};

/// Where the range of the colours came from.
enum class RangeOrigin { given, statistics, frames };

std::string_view name_of(RangeOrigin origin) noexcept;

struct RenderResult {
    core::Index pictures = 0;
    core::Index width = 0;  // pixels
    core::Index height = 0; // pixels
    ValueRange range;
    RangeOrigin range_origin = RangeOrigin::given;
    std::filesystem::path first; // file name
    std::filesystem::path last;
    std::uint64_t bytes = 0; // of all files
    int threads = 0;
    double seconds = 0.0; // wall time
};

/// Pictures of frames: PNG files or a movie. The output's directory is created.
///
/// Batches of frames are read and decoded, then shrunk, painted and compressed, both on all
/// threads; the calling thread reads and writes files. At most options.memory bytes are held,
/// whatever the size of a frame: of a projection only planes. Pictures that are finished when
/// something fails stay; of a movie nothing does.
/// @throws core::UsageError for options that cannot be, among them less memory than one picture
/// takes; core::Error
RenderResult render_frames(FrameSource& source, const RenderOptions& options);

/// One JSON object with what the result holds.
std::string to_json(const RenderResult& result);

/// The texts of the command line. @throws core::UsageError naming the text.
ValueRange parse_range(std::string_view text);   // "A,B"
Scale parse_scale(std::string_view text);        // "3", "1/4", "0.25"
core::Index parse_slice(std::string_view text);  // "z=K" or "K"
Flatten parse_projection(std::string_view text); // "max"

} // namespace morphogen::rework
