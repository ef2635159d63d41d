#pragma once

#include "morphogen/rework/image.hpp"
#include "morphogen/rework/movie.hpp"
#include "morphogen/rework/output_pattern.hpp"
#include "morphogen/rework/render.hpp"

#include "rework/picture_stream.hpp"
#include "rework/render_plan.hpp"

#include <filesystem>
#include <optional>

namespace morphogen::rework {

/// Where pictures go: files named by the pattern, or a movie. One thread, except encode().
class Gallery {
public:
    /// Creates the output's directory, checks that it can be written to, starts ffmpeg: what can
    /// fail at once fails before hours of work. Both must outlive it.
    /// @throws core::Error
    Gallery(const OutputPattern& pattern, const RenderPlan& plan, const RenderOptions& options,
            core::Index first_frame);

    /// Makes the picture's bytes of its image. Any thread, several at a time.
    void encode(Picture& picture) const;
    /// In order. @throws core::Error naming the file.
    void add(const Picture& picture, RenderResult& result);
    /// Finishes the movie. @throws core::Error
    void close(RenderResult& result);

private:
    const OutputPattern& pattern_;
    std::optional<Movie> movie_;
};

} // namespace morphogen::rework
