#include "simulation/state.hpp"

#include "morphogen/core/large_pages.hpp"

namespace morphogen::simulation {
namespace {

using core::Extents;
using core::Index;

constexpr Index line_bytes = 64;
constexpr Index page_bytes = 4096;

constexpr Index round_up(Index n, Index to) noexcept {
    return (n + to - 1) / to * to;
}

/// A pitch whose neighbours do not share the low 12 bits of their addresses: a load that follows a
/// store there waits for it (Intel's optimization manual, "4-KByte aliasing"), and such rows
/// compete for the same few cache sets.
Index unaliased(Index pitch, Index cell_bytes) noexcept {
    constexpr Index distance = 4 * line_bytes;
    if (pitch * cell_bytes < page_bytes / 4) return pitch;
    while (true) {
        const Index offset = pitch * cell_bytes % page_bytes;
        if (offset >= distance && offset <= page_bytes - distance) return pitch;
        pitch += line_bytes / cell_bytes;
    }
}

/// Bytes from one of the four arrays to the next: a quarter of a page off a multiple of pages,
/// again against aliasing.
Index array_stride(const FieldLayout& layout, Index cell_bytes) noexcept {
    return round_up(layout.size * cell_bytes, page_bytes) + page_bytes / 4;
}

} // namespace

FieldLayout make_field_layout(const Extents& shape, const Extents& halo, std::size_t cell_bytes) {
    const auto cell = static_cast<Index>(cell_bytes);
    const Index line = line_bytes / cell;
    const Index left = round_up(halo[2], line);
    FieldLayout layout{.shape = shape};
    layout.pitch_y = unaliased(left + round_up(shape[2] + halo[2], line), cell);
    layout.pitch_z = layout.pitch_y * (shape[1] + 2 * halo[1]);
    if (shape[0] > 1) layout.pitch_z = unaliased(layout.pitch_z, cell);
    layout.origin = halo[0] * layout.pitch_z + halo[1] * layout.pitch_y + left;
    layout.size = layout.pitch_z * (shape[0] + 2 * halo[0]);
    return layout;
}

std::size_t state_bytes(const FieldLayout& layout, std::size_t cell_bytes) {
    return static_cast<std::size_t>(4 * array_stride(layout, static_cast<Index>(cell_bytes)));
}

template <typename T>
State<T>::State(const Extents& shape, const Extents& halo)
    : layout_(make_field_layout(shape, halo, sizeof(T))),
      memory_(state_bytes(layout_, sizeof(T)) / sizeof(T)) {
    core::ask_for_large_pages(memory_.data(), memory_.size() * sizeof(T));
}

template <typename T>
kernel::Fields<T> State<T>::pair(std::size_t which) noexcept {
    const Index stride = array_stride(layout_, sizeof(T)) / static_cast<Index>(sizeof(T));
    T* u = memory_.data() + 2 * static_cast<Index>(which) * stride + layout_.origin;
    return {{u, layout_.shape, layout_.pitch_y, layout_.pitch_z},
            {u + stride, layout_.shape, layout_.pitch_y, layout_.pitch_z}};
}

template class State<float>;
template class State<double>;

} // namespace morphogen::simulation
