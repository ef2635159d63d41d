#pragma once

#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/pipeline.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/rework/image.hpp"

#include "rework/render_plan.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace morphogen::rework {

/// A frame on its way to a picture. Its memory serves one frame after the other.
struct Picture {
    core::Index frame = 0;
    RangeFinder range; // of the plane's values
    Plane small;       // if the picture has fewer pixels than cells
    Image image;
    std::string png;

    std::mutex mutex;         // over the two below
    std::vector<double> flat; // of frames that come in several slabs: the slabs so far
    core::Index slabs_to_come = 0;
};

/// Reads frames in order on the calling thread, makes each a plane on any thread, and hands it on:
/// to `finish`, on any thread and several at a time, then to `deliver`, in order, on the calling
/// thread. Holds plan.items slabs and plan.frames() pictures at most.
class PicturePipeline {
public:
    /// All must outlive it.
    PicturePipeline(FrameSource& source, const RenderPlan& plan, parallel::Team& team);

    /// @throws the first error of the source, of @p finish or of @p deliver.
    void run(std::span<const core::Index> frames,
             parallel::FunctionRef<void(Picture&, const PlaneView&)> finish,
             parallel::FunctionRef<void(Picture&)> deliver);

private:
    struct Slab {
        std::vector<double> values; // [planes][ny][nx]
        core::Index planes = 0;
        bool completes_frame = false;
        Picture* picture = nullptr;
    };
    class Reader;

    FrameSource* source_;
    const RenderPlan* plan_;
    parallel::Pipeline<Slab> pipeline_;
    std::vector<std::unique_ptr<Picture>> pictures_;
    std::vector<Picture*> free_; // of pictures_; the calling thread's
};

} // namespace morphogen::rework
