#include "morphogen/rework/render.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/colormap.hpp"
#include "morphogen/rework/movie.hpp"
#include "morphogen/rework/output_pattern.hpp"
#include "morphogen/rework/png.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <system_error>

namespace morphogen::rework {
namespace {

using core::Index;

/// Turns frames into planes of the size of the picture.
class PlaneReader {
public:
    PlaneReader(FrameSource& source, const RenderOptions& options)
        : source_(source), shape_(source.shape()), flatten_(options.flatten),
          shrink_(options.scale.down) {
        const Index planes = shape_[0];
        const Index wanted = options.slice.value_or(planes / 2);
        slice_ = wanted < 0 ? wanted + planes : wanted;
        if (slice_ < 0 || slice_ >= planes)
            throw core::UsageError(
                core::ErrorText{.what = "there is no such slice",
                                .where = "z=" + std::to_string(wanted),
                                .why = "the frames have " + std::to_string(planes) + " planes"});
    }

    Plane read(Index frame) {
        Plane plane{shape_[1], shape_[2], {}};
        if (flatten_ == Flatten::slice)
            source_.read(frame, slice_, slice_ + 1, plane.values);
        else
            read_largest(frame, plane.values);
        return shrink_ > 1 ? shrink(plane, shrink_) : plane;
    }

private:
    void read_largest(Index frame, std::vector<double>& largest) {
        largest.assign(static_cast<std::size_t>(shape_[1] * shape_[2]),
                       std::numeric_limits<double>::quiet_NaN());
        for (Index z = 0; z < shape_[0]; ++z) {
            source_.read(frame, z, z + 1, scratch_);
            // fmax ignores what is not a number.
            std::transform(largest.begin(), largest.end(), scratch_.begin(), largest.begin(),
                           [](double a, double b) { return std::fmax(a, b); });
        }
    }

    FrameSource& source_;
    core::Extents shape_;
    Flatten flatten_;
    Index slice_ = 0;
    Index shrink_;
    std::vector<double> scratch_;
};

/// Takes pictures in order and puts them where the pattern says.
class Gallery {
public:
    Gallery(const RenderOptions& options, RenderResult& result)
        : pattern_(options.output), rate_(options.frames_per_second), result_(result) {}

    OutputKind kind() const noexcept { return pattern_.kind(); }

    void create_directory(Index frame) const {
        const std::filesystem::path parent = pattern_.path(frame).parent_path();
        std::error_code error;
        if (!parent.empty()) std::filesystem::create_directories(parent, error);
        if (error)
            throw core::Error(core::ErrorText{.what = "cannot create directory",
                                              .where = parent.native(),
                                              .why = error.message()});
    }

    void add(Index frame, const Image& image) {
        const std::filesystem::path path = pattern_.path(frame);
        if (kind() != OutputKind::movie) {
            write_png(path, image);
        } else {
            if (!movie_) movie_.emplace(path, image.width, image.height, rate_);
            movie_->add(image);
        }
        if (result_.pictures++ == 0) result_.first = path;
        result_.last = path;
        result_.width = image.width;
        result_.height = image.height;
    }

    void close() {
        if (movie_) movie_->close();
    }

private:
    OutputPattern pattern_;
    double rate_;
    RenderResult& result_;
    std::optional<Movie> movie_;
};

ValueRange range_of(PlaneReader& reader, const std::vector<Index>& frames) {
    RangeFinder finder;
    for (const Index frame : frames)
        finder.add(reader.read(frame).values);
    return finder.range();
}

} // namespace

RenderResult render_frames(FrameSource& source, const RenderOptions& options) {
    RenderResult result;
    Gallery gallery(options, result);
    const Colormap colors(options.colormap.empty() ? colormap_names().front() : options.colormap);
    const bool one = gallery.kind() == OutputKind::picture;
    const std::vector<Index> frames =
        options.frames.value_or(one ? FrameSelection::last() : FrameSelection{})
            .of(source.frames());
    if (one && frames.size() > 1)
        throw core::UsageError(
            core::ErrorText{.what = "several frames for one picture",
                            .where = options.output,
                            .why = std::to_string(frames.size()) + " frames are selected",
                            .advice = "put the frame's number into the name, as in img/%05d.png"});
    PlaneReader reader(source, options);
    gallery.create_directory(frames.front());
    result.range = options.range ? *options.range : range_of(reader, frames);
    for (const Index frame : frames) {
        gallery.add(frame, paint(reader.read(frame), result.range, colors, options.scale.up));
        if (options.progress) options.progress(result.pictures, static_cast<Index>(frames.size()));
    }
    gallery.close();
    return result;
}

} // namespace morphogen::rework
