#pragma once

#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/pipeline.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/rework/image.hpp"

#include "rework/render_plan.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace morphogen::rework {

/// A frame on its way to a picture. Its memory serves one frame after the other.
struct Picture {
    core::Index number = 0; // in the list of frames
    core::Index frame = 0;
    RangeFinder range; // of the plane's values
    Plane small;       // if the picture has fewer pixels than cells
    Image image;
    std::string png;
};

/// Frames in batches: a batch is read and flattened (in parallel, by the source), then its planes
/// are handed on, one by one in parallel. What it holds is what the plan says.
class PictureStream {
public:
    /// All must outlive it.
    PictureStream(FrameSource& source, const RenderPlan& plan, std::span<const core::Index> frames,
                  parallel::Team& team);

    /// Each frame first to @p finish, on any thread and several at a time, then to @p deliver, in
    /// order, on the calling thread. Can be called again; frames that were one batch are not read
    /// again.
    /// @throws the first error of the source, of @p finish or of @p deliver.
    void run(parallel::FunctionRef<void(Picture&, const PlaneView&)> finish,
             parallel::FunctionRef<void(const Picture&)> deliver);

private:
    struct Batch { // frames [first, last) of the list
        std::size_t first = 0;
        std::size_t last = 0;
    };
    std::size_t end_of_batch(std::size_t first, core::Index window) const;
    void load(const Batch& batch);

    FrameSource* source_;
    const RenderPlan* plan_;
    std::span<const core::Index> frames_;
    std::vector<double> planes_; // [frame][ny][nx] of the batch below
    Batch loaded_;
    parallel::Pipeline<Picture> pipeline_;
};

} // namespace morphogen::rework
