#include "rework/picture_stream.hpp"

#include <algorithm>

namespace morphogen::rework {

using core::Index;

PictureStream::PictureStream(FrameSource& source, const RenderPlan& plan,
                             std::span<const Index> frames, parallel::Team& team)
    : source_(&source), plan_(&plan), frames_(frames), pipeline_(team, {.items = plan.pictures}) {}

/// Whole windows of frames that are best read together, as many as the plan allows; of a window
/// that is larger, a part.
std::size_t PictureStream::end_of_batch(std::size_t first, Index window) const {
    const std::size_t most =
        std::min(frames_.size(), first + static_cast<std::size_t>(plan_->batch));
    if (most == frames_.size()) return most;
    std::size_t end = most;
    while (end > first + 1 && frames_[end] / window == frames_[end - 1] / window)
        --end;
    return end > first + 1 || window == 1 ? end : most;
}

void PictureStream::load(const Batch& batch) {
    if (batch.first == loaded_.first && batch.last == loaded_.last) return;
    const auto selected = frames_.subspan(batch.first, batch.last - batch.first);
    const std::size_t cells = static_cast<std::size_t>(plan_->plane_cells());
    planes_.resize(static_cast<std::size_t>(plan_->batch) * cells);
    loaded_ = {};
    source_->read(selected, plan_->first, plan_->last,
                  std::span(planes_).first(selected.size() * cells), plan_->readers);
    loaded_ = batch;
}

void PictureStream::run(parallel::FunctionRef<void(Picture&, const PlaneView&)> finish,
                        parallel::FunctionRef<void(const Picture&)> deliver) {
    struct Source {
        std::span<const Index> frames;
        std::size_t next;
        std::size_t last;
        parallel::Offer offer(bool) const {
            return next < last ? parallel::Offer::item() : parallel::Offer::end();
        }
        void take(Picture& picture) {
            picture.number = static_cast<Index>(next);
            picture.frame = frames[next++];
        }
    };
    struct Sink {
        parallel::FunctionRef<void(const Picture&)> deliver;
        void put(const Picture& picture) { deliver(picture); }
    };
    const std::size_t cells = static_cast<std::size_t>(plan_->plane_cells());
    for (Batch batch; batch.first < frames_.size(); batch.first = batch.last) {
        batch.last = end_of_batch(batch.first, source_->frames_at_once());
        load(batch);
        const auto hand_on = [&](Picture& picture, int) {
            const std::size_t n = static_cast<std::size_t>(picture.number) - batch.first;
            finish(picture, {plan_->shape[1], plan_->shape[2],
                             std::span<const double>(planes_).subspan(n * cells, cells)});
        };
        pipeline_.run(Source{frames_, batch.first, batch.last}, hand_on, Sink{deliver});
    }
}

} // namespace morphogen::rework
