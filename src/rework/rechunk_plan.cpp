#include "rework/rechunk_plan.hpp"

#include <algorithm>
#include <vector>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;

/// One way to cut an axis.
struct Cut {
    Index length = 1;     // elements per slab
    double decoded = 1.0; // along this axis, relative to its elements
};

/// How often elements along the axis are decoded: a block that two slabs share is decoded twice.
double decoded_by(Index n, Index block, Index length) {
    constexpr Index enough = 4096; // slabs, to tell for all
    if (n / length > enough) n = enough * length;
    double elements = 0.0;
    for (Index lo = 0; lo < n; lo += length) {
        const Index hi = std::min(lo + length, n);
        const Index first = lo / block * block;
        const Index last = std::min((hi + block - 1) / block * block, n);
        elements += static_cast<double>(last - first);
    }
    return n == 0 ? 1.0 : elements / static_cast<double>(n);
}

/// Every number of slabs that makes a difference, up to a few dozen.
std::vector<Cut> cuts_of(Index n, Index block, Index unit, std::size_t most) {
    std::vector<Cut> cuts;
    const Index units = std::max<Index>((n + unit - 1) / unit, 1);
    Index last = 0;
    for (Index slabs = 1; slabs <= units;) {
        const Index length = (units + slabs - 1) / slabs * unit;
        if (length != last) cuts.push_back({length, decoded_by(n, block, length)});
        last = length;
        slabs += cuts.size() < most ? 1 : std::max<Index>(slabs / 4, 1);
    }
    if (last != unit) cuts.push_back({unit, decoded_by(n, block, unit)});
    return cuts;
}

class Search {
public:
    Search(std::vector<std::vector<Cut>> cuts, const Dims& unit, Index elements)
        : cuts_(std::move(cuts)), unit_(unit), elements_(elements), best_(unit), now_(unit) {
        least_.assign(cuts_.size() + 1, 1);
        for (std::size_t a = cuts_.size(); a-- > 0;)
            least_[a] = least_[a + 1] * unit[static_cast<int>(a)];
    }

    SlabPlan result(const Dims& shape) {
        try_axis(0, 1, 1.0);
        return {core::ChunkGrid(shape, best_), decoded_};
    }

private:
    void try_axis(std::size_t axis, Index size, double decoded) {
        if (found_ && decoded > decoded_) return; // further axes only add
        if (axis == cuts_.size()) {
            if (found_ && decoded == decoded_ && size <= size_) return;
            found_ = true;
            best_ = now_;
            size_ = size;
            decoded_ = decoded;
            return;
        }
        for (const Cut& cut : cuts_[axis]) {
            if (cut.length > elements_ / (size * least_[axis + 1])) continue;
            now_[static_cast<int>(axis)] = cut.length;
            try_axis(axis + 1, size * cut.length, decoded * cut.decoded);
        }
    }

    std::vector<std::vector<Cut>> cuts_;
    Dims unit_;
    Index elements_;
    std::vector<Index> least_; // elements that the axes from here on need
    Dims best_;
    Dims now_;
    bool found_ = false;
    Index size_ = 0;
    double decoded_ = 0.0;
};

} // namespace

SlabPlan plan_slabs(const Dims& shape, const Dims& block, const Dims& unit, Index elements) {
    const int rank = shape.rank();
    // All combinations are tried.
    const std::size_t most = rank <= 3 ? 64 : rank <= 4 ? 16 : 5;
    std::vector<std::vector<Cut>> cuts;
    for (int a = 0; a < rank; ++a)
        cuts.push_back(cuts_of(shape[a], block[a], unit[a], most));
    return Search(std::move(cuts), unit, elements).result(shape);
}

} // namespace morphogen::rework
