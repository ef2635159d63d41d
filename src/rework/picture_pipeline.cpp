#include "rework/picture_pipeline.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>
#include <cmath>

namespace morphogen::rework {
namespace {

using core::Index;

/// Keeps in @p largest the larger of each pair; what is not a number gives way to what is.
void keep_larger(std::span<double> largest, std::span<const double> values) {
    // Not std::fmax, which is a call per value.
    for (std::size_t i = 0; i < largest.size(); ++i)
        if (values[i] > largest[i] || std::isnan(largest[i])) largest[i] = values[i];
}

} // namespace

/// The pipeline's source: slab after slab, frame after frame.
class PicturePipeline::Reader {
public:
    Reader(PicturePipeline& owner, std::span<const Index> frames)
        : owner_(owner), plan_(*owner.plan_), frames_(frames), plane_(plan_.first) {}

    parallel::Offer offer(bool) const {
        return frames_.empty() ? parallel::Offer::end() : parallel::Offer::item();
    }

    void take(Slab& slab) {
        if (plane_ == plan_.first) begin_frame();
        const Index end = std::min(plane_ + plan_.slab, plan_.last);
        slab.planes = end - plane_;
        slab.picture = picture_;
        slab.completes_frame = end == plan_.last;
        slab.values.resize(static_cast<std::size_t>(slab.planes * plan_.plane_cells()));
        owner_.source_->read(frames_.front(), plane_, end, slab.values);
        plane_ = end;
        if (!slab.completes_frame) return;
        frames_ = frames_.subspan(1);
        plane_ = plan_.first;
    }

private:
    void begin_frame() {
        MORPHOGEN_EXPECT(!owner_.free_.empty()); // plan.frames() of them cannot run out
        picture_ = owner_.free_.back();
        owner_.free_.pop_back();
        picture_->frame = frames_.front();
        picture_->slabs_to_come = plan_.slabs();
    }

    PicturePipeline& owner_;
    const RenderPlan& plan_;
    std::span<const Index> frames_; // those to come
    Index plane_;                   // the next of the first of these
    Picture* picture_ = nullptr;
};

PicturePipeline::PicturePipeline(FrameSource& source, const RenderPlan& plan, parallel::Team& team)
    : source_(&source), plan_(&plan), pipeline_(team, {.items = plan.items}) {
    for (Index i = 0; i < plan.frames(); ++i)
        pictures_.push_back(std::make_unique<Picture>());
}

void PicturePipeline::run(std::span<const Index> frames,
                          parallel::FunctionRef<void(Picture&, const PlaneView&)> finish,
                          parallel::FunctionRef<void(Picture&)> deliver) {
    free_.clear();
    for (const auto& picture : pictures_)
        free_.push_back(picture.get());

    const std::size_t cells = static_cast<std::size_t>(plan_->plane_cells());
    const auto hand_on = [&](Picture& picture, std::span<const double> plane) {
        finish(picture, {plan_->shape[1], plan_->shape[2], plane});
    };
    const auto flatten = [&](Slab& slab, int) {
        const std::span<double> plane = std::span(slab.values).first(cells);
        for (std::size_t i = 1; i < static_cast<std::size_t>(slab.planes); ++i)
            keep_larger(plane, std::span(slab.values).subspan(i * cells, cells));
        Picture& picture = *slab.picture;
        if (plan_->slabs() == 1) return hand_on(picture, plane);
        {
            const std::lock_guard lock(picture.mutex);
            if (picture.slabs_to_come == plan_->slabs())
                picture.flat.assign(plane.begin(), plane.end());
            else
                keep_larger(picture.flat, plane);
            if (--picture.slabs_to_come > 0) return;
        }
        // The other slabs' threads are done with the picture. Slabs are delivered in order, so the
        // last one is delivered after this has returned, whichever slab it came with.
        hand_on(picture, picture.flat);
    };
    const auto give = [&](Slab& slab) {
        if (!slab.completes_frame) return;
        deliver(*slab.picture);
        free_.push_back(slab.picture);
    };
    struct Sink {
        const decltype(give)& call;
        void put(Slab& slab) { call(slab); }
    };
    pipeline_.run(Reader(*this, frames), flatten, Sink{give});
}

} // namespace morphogen::rework
