#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/kernel/geometry.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace morphogen::simulation {

/// How one field of a block lies in memory, in cells. Rows start on a cache line.
struct FieldLayout {
    core::Extents shape{};   // of the block
    core::Index pitch_y = 0; // between rows
    core::Index pitch_z = 0; // between planes
    core::Index origin = 0;  // of cell {0, 0, 0}
    core::Index size = 0;    // of the whole array, halos and padding included
};

/// @p halo: cells on each side, by axis.
FieldLayout make_field_layout(const core::Extents& shape, const core::Extents& halo,
                              std::size_t cell_bytes);

/// Bytes of a State with this layout.
std::size_t state_bytes(const FieldLayout& layout, std::size_t cell_bytes);

/// u and v twice: the state that a sweep reads and the one that it writes. Indeterminate until
/// touched.
template <typename T>
class State {
public:
    /// @throws std::bad_alloc
    State(const core::Extents& shape, const core::Extents& halo);

    kernel::Fields<T> current() noexcept { return pair(now_); }
    kernel::Fields<T> next() noexcept { return pair(1 - now_); }
    kernel::Fields<const T> current() const noexcept {
        return const_cast<State*>(this)->pair(now_).as_const();
    }
    void swap() noexcept { now_ = 1 - now_; }

private:
    kernel::Fields<T> pair(std::size_t which) noexcept;

    FieldLayout layout_;
    core::AlignedBuffer<T> memory_;
    std::size_t now_ = 0;
};

} // namespace morphogen::simulation
