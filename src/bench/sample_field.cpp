#include "bench/sample_field.hpp"

#include "morphogen/kernel/isa.hpp"

#include "bench/block_state.hpp"

#include <algorithm>
#include <cstddef>

namespace morphogen::bench {

SampleField make_sample_field(core::Index height, core::Index width, core::Index steps,
                              int threads) {
    BlockState<float> state(kernel::Physics{}, {1, height, width}, kernel::best_isa(), threads);
    state.sow(8, 48);
    state.advance(steps);
    SampleField field{height, width, core::AlignedBuffer<float>(state.cells())};
    std::copy_n(state.now().v.data, state.cells(), field.v.data());
    return field;
}

} // namespace morphogen::bench
