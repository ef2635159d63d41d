#include "rework/sweep_plan.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;

/// What a box needs: the blocks between two places.
struct Reach {
    SweepPlace first;
    SweepPlace last;
    Index blocks = 0;
};

Reach reach_of(const store::DatasetReader& reader, const NdBox& box) {
    Reach reach;
    for (const store::BlockId block : reader.blocks_in(box)) {
        const SweepPlace place = sweep_place(reader, block);
        reach.first = reach.blocks == 0 ? place : std::min(reach.first, place);
        reach.last = reach.blocks == 0 ? place : std::max(reach.last, place);
        ++reach.blocks;
    }
    return reach;
}

class Planner {
public:
    Planner(const store::DatasetReader& reader, std::span<const std::int64_t> origins,
            const Dims& shape, const SweepLimits& limits)
        : origins_(origins), rank_(shape.rank()), limits_(limits),
          chunk_(reader.pieces().empty() ? shape : reader.pieces().front().grid.chunk()) {
        const Index count = static_cast<Index>(origins.size()) / rank_;
        reaches_.reserve(static_cast<std::size_t>(count));
        for (Index n = 0; n < count; ++n) {
            NdBox box{Dims(rank_, 0), shape};
            reaches_.push_back(reach_of(reader, box + origin(n)));
        }
        plan_.order.resize(static_cast<std::size_t>(count));
        std::iota(plan_.order.begin(), plan_.order.end(), 0);
    }

    SweepPlan plan() {
        part(plan_.order);
        return std::move(plan_);
    }

private:
    using Part = std::span<Index>;

    Dims origin(Index box) const {
        return Dims::from(origins_.subspan(static_cast<std::size_t>(box * rank_),
                                           static_cast<std::size_t>(rank_)));
    }
    const Reach& reach(Index box) const { return reaches_[static_cast<std::size_t>(box)]; }
    Index cell(Index box, int axis) const {
        return origins_[static_cast<std::size_t>(box * rank_ + axis)] / chunk_[axis];
    }

    Index uses(Part part) const {
        Index n = 0;
        for (const Index box : part)
            n += reach(box).blocks;
        return n;
    }

    /// Open at once, at the block where most are.
    Index most_open(Part part) const {
        std::vector<SweepPlace> begins;
        std::vector<SweepPlace> ends;
        begins.reserve(part.size());
        ends.reserve(part.size());
        for (const Index box : part) {
            begins.push_back(reach(box).first);
            ends.push_back(reach(box).last);
        }
        std::sort(begins.begin(), begins.end());
        std::sort(ends.begin(), ends.end());
        Index most = 0;
        std::size_t ended = 0;
        for (std::size_t begun = 0; begun < begins.size(); ++begun) {
            while (ends[ended] < begins[begun])
                ++ended;
            most = std::max(most, static_cast<Index>(begun + 1 - ended));
        }
        return most;
    }

    /// Along which @p part spreads over most chunks, from @p first_axis on; -1 if over one only.
    int widest_axis(Part part, int first_axis) const {
        int widest = -1;
        Index most = 0;
        for (int a = first_axis; a < rank_; ++a) {
            const auto [low, high] =
                std::minmax_element(part.begin(), part.end(),
                                    [&](Index x, Index y) { return cell(x, a) < cell(y, a); });
            if (cell(*high, a) - cell(*low, a) <= most) continue;
            most = cell(*high, a) - cell(*low, a);
            widest = a;
        }
        return widest;
    }

    /// About half of them, to one side of a border between chunks.
    std::size_t halve(Part part, int axis) const {
        const auto before = [&](Index x, Index y) { return cell(x, axis) < cell(y, axis); };
        const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
        std::nth_element(part.begin(), middle, part.end(), before);
        const Index lowest = cell(*std::min_element(part.begin(), part.end(), before), axis);
        const Index border = std::max(cell(*middle, axis), lowest + 1);
        const auto cut = std::partition(part.begin(), part.end(),
                                        [&](Index box) { return cell(box, axis) < border; });
        return static_cast<std::size_t>(cut - part.begin());
    }

    /// Every other one in the order of the sweep, and the rest.
    std::size_t thin_out(Part part) const {
        std::sort(part.begin(), part.end(), [&](Index x, Index y) {
            return std::tie(reach(x).first, x) < std::tie(reach(y).first, y);
        });
        const std::vector<Index> sorted(part.begin(), part.end());
        std::size_t next = 0;
        for (const std::size_t begin : {std::size_t{0}, std::size_t{1}})
            for (std::size_t i = begin; i < sorted.size(); i += 2)
                part[next++] = sorted[i];
        return (sorted.size() + 1) / 2;
    }

    void part(Part boxes) {
        if (boxes.empty()) return;
        const bool fits = boxes.size() == 1 || most_open(boxes) <= limits_.open;
        if (boxes.size() == 1 || (fits && uses(boxes) <= limits_.uses)) {
            std::sort(boxes.begin(), boxes.end());
            plan_.ends.push_back(static_cast<Index>(boxes.data() - plan_.order.data()) +
                                 static_cast<Index>(boxes.size()));
            return;
        }
        // Parts along the first axis share few blocks, but have as many open as before.
        const int axis = widest_axis(boxes, fits ? 0 : 1);
        const std::size_t half = axis >= 0 ? halve(boxes, axis) : thin_out(boxes);
        part(boxes.first(half));
        part(boxes.subspan(half));
    }

    std::span<const std::int64_t> origins_;
    int rank_;
    SweepLimits limits_;
    Dims chunk_;
    std::vector<Reach> reaches_;
    SweepPlan plan_;
};

} // namespace

SweepPlace sweep_place(const store::DatasetReader& reader, store::BlockId block) {
    return {reader.full_box(block).lo[0], block.piece, block.number};
}

SweepPlan plan_sweeps(const store::DatasetReader& reader, std::span<const std::int64_t> origins,
                      const Dims& shape, const SweepLimits& limits) {
    return Planner(reader, origins, shape, limits).plan();
}

} // namespace morphogen::rework
