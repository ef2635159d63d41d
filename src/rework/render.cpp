#include "morphogen/rework/render.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/rework/colormap.hpp"
#include "morphogen/rework/output_pattern.hpp"

#include "rework/gallery.hpp"
#include "rework/picture_stream.hpp"
#include "rework/render_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace morphogen::rework {
namespace {

using core::Index;

std::vector<Index> selected_frames(const FrameSource& source, const RenderOptions& options,
                                   OutputKind kind) {
    const bool one = kind == OutputKind::picture;
    const std::vector<Index> frames =
        options.frames.value_or(one ? FrameSelection::last() : FrameSelection{})
            .of(source.frames());
    if (one && frames.size() > 1)
        throw core::UsageError(
            core::ErrorText{.what = "several frames for one picture",
                            .where = options.output,
                            .why = std::to_string(frames.size()) + " frames are selected",
                            .advice = "put the frame's number into the name, as in img/%05d.png"});
    return frames;
}

void check_rate(double frames_per_second) {
    if (!(frames_per_second > 0.0) || !std::isfinite(frames_per_second))
        throw core::UsageError(core::ErrorText{.what = "not a frame rate",
                                               .where = fmt::format("{}", frames_per_second),
                                               .why = "it must be above 0"});
}

/// One call of render_frames().
class Rendering {
public:
    Rendering(FrameSource& source, const RenderOptions& options)
        : source_(source), options_(options), pattern_(options.output),
          colors_(options.colormap.empty() ? colormap_names().front() : options.colormap),
          frames_(selected_frames(source, options, pattern_.kind())), stored_range_(known_range()),
          team_(options.threads > 0 ? options.threads : parallel::usable_cores()),
          plan_(plan_render(source, options, task())), stream_(source, plan_, frames_, team_) {
        check_rate(options.frames_per_second);
    }

    RenderResult run() {
        RenderResult result;
        result.width = plan_.width;
        result.height = plan_.height;
        result.threads = team_.size();
        Gallery gallery(pattern_, plan_, options_, frames_.front());
        choose_range(result);
        paint_all(gallery, result);
        gallery.close(result);
        return result;
    }

private:
    std::optional<ValueRange> known_range() const {
        // A slice shows some of a frame's cells, a projection no small ones.
        const bool whole = source_.shape()[0] == 1;
        return whole && !options_.range ? source_.stored_range(frames_) : std::nullopt;
    }

    RenderTask task() const {
        return {.kind = pattern_.kind(),
                .frames = static_cast<Index>(frames_.size()),
                .reads_twice = !options_.range && !stored_range_,
                .threads = team_.size(),
                .memory = options_.memory > 0 ? options_.memory : core::usable_memory() / 4};
    }

    void tell(RenderStage stage, Index done) const {
        if (options_.progress) options_.progress(stage, done, static_cast<Index>(frames_.size()));
    }

    void choose_range(RenderResult& result) {
        if (options_.range) {
            result.range = *options_.range;
            return;
        }
        if (stored_range_) {
            result.range = *stored_range_;
            result.range_origin = RangeOrigin::statistics;
            return;
        }
        RangeFinder finder;
        Index done = 0;
        stream_.run(
            [](Picture& picture, const PlaneView& plane) {
                picture.range = {};
                picture.range.add(plane.values);
            },
            [&](const Picture& picture) {
                finder.add(picture.range);
                tell(RenderStage::range, ++done);
            });
        result.range = finder.range();
        result.range_origin = RangeOrigin::frames;
    }

    void paint_all(Gallery& gallery, RenderResult& result) {
        const Sides sides = pattern_.kind() == OutputKind::movie ? Sides::even : Sides::any;
        const Scale scale = options_.scale;
        stream_.run(
            [&](Picture& picture, const PlaneView& plane) {
                if (scale.down > 1) shrink(plane, scale.down, picture.small);
                paint(scale.down > 1 ? picture.small.view() : plane, result.range, colors_,
                      scale.up, sides, picture.image);
                gallery.encode(picture);
            },
            [&](const Picture& picture) {
                gallery.add(picture, result);
                tell(RenderStage::pictures, result.pictures);
            });
    }

    FrameSource& source_;
    const RenderOptions& options_;
    OutputPattern pattern_;
    Colormap colors_;
    std::vector<Index> frames_;
    std::optional<ValueRange> stored_range_; // if it is wanted
    parallel::Team team_;
    RenderPlan plan_;
    PictureStream stream_;
};

} // namespace

std::optional<ValueRange> FrameSource::stored_range(std::span<const Index>) const {
    return std::nullopt;
}

std::string_view name_of(RangeOrigin origin) noexcept {
    switch (origin) {
    case RangeOrigin::given:
        return "given";
    case RangeOrigin::statistics:
        return "statistics";
    case RangeOrigin::frames:
        return "frames";
    }
    return "";
}

RenderResult render_frames(FrameSource& source, const RenderOptions& options) {
    const core::Stopwatch watch;
    RenderResult result = Rendering(source, options).run();
    result.seconds = watch.seconds();
    return result;
}

std::string to_json(const RenderResult& result) {
    core::JsonWriter json;
    json.begin_object()
        .member("pictures", result.pictures)
        .member("width", result.width)
        .member("height", result.height)
        .key("range")
        .values(std::array{result.range.low, result.range.high})
        .member("range_from", name_of(result.range_origin))
        .member("first", result.first.native())
        .member("last", result.last.native())
        .member("bytes", result.bytes)
        .member("threads", result.threads)
        .member("seconds", result.seconds)
        .end_object();
    return json.take();
}

} // namespace morphogen::rework
