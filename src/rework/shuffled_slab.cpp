#include "rework/shuffled_slab.hpp"

#include <algorithm>

namespace morphogen::rework {

using core::Dims;
using core::Index;
using core::NdBox;

bool suits_shuffled_slab(const codec::FilterPipeline& filters, const Dims& chunk,
                         const Dims& block) {
    constexpr Index least_row = 32;
    const int last = chunk.rank() - 1;
    return filters.shuffle && filters.element_size > 1 && last >= 0 &&
           std::min(chunk[last], block[last]) >= least_row;
}

/// Along each axis: those before it there, with the extent of the chunk along the axes before and
/// of the slab along those behind.
Index elements_before(const NdBox& slab, const NdBox& inside) noexcept {
    const Dims extent = inside.shape();
    const Dims whole = slab.shape();
    Index before = 0;
    Index chunk = 1;
    for (int a = 0; a < slab.rank(); ++a) {
        Index behind = 1;
        for (int k = a + 1; k < slab.rank(); ++k)
            behind *= whole[k];
        before += (inside.lo[a] - slab.lo[a]) * chunk * behind;
        chunk *= extent[a];
    }
    return before;
}

void place_shuffled(const BlockView& block, const core::ChunkGrid& grid, std::byte* elements,
                    const NdBox& slab, std::size_t element) {
    const NdBox here = intersect(block.box, slab);
    if (here.empty()) return;
    const NdBox chunks = grid.touched(here);
    for (Index n = 0; n < chunks.volume(); ++n) {
        const NdBox inside = intersect(grid.full_box(grid.number_in(chunks, n)), slab);
        const auto before = static_cast<std::size_t>(elements_before(slab, inside));
        block.copy_shuffled_to(intersect(here, inside), elements + before * element, inside);
    }
}

} // namespace morphogen::rework
