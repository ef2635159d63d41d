#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/contract.hpp"

#include <type_traits>

namespace morphogen::core {

/// A non-owning view of a 3-D array [z][y][x]: x contiguous, any pitch between rows and between
/// planes, both in elements. Coordinates may be negative where the memory has halos: `data` is cell
/// {0, 0, 0}.
template <typename T>
struct View3 {
    T* data = nullptr;
    Extents shape{}; // {nz, ny, nx}, without halos
    Index pitch_y = 0;
    Index pitch_z = 0;

    T* row(Index z, Index y) const noexcept { return data + z * pitch_z + y * pitch_y; }
    T& operator()(Index z, Index y, Index x) const noexcept { return row(z, y)[x]; }

    /// The same memory, read only.
    View3<const T> as_const() const noexcept { return {data, shape, pitch_y, pitch_z}; }

    /// The part inside @p box, which becomes the new origin.
    View3 sub(const Box& box) const noexcept {
        return {row(box.lo[0], box.lo[1]) + box.lo[2], box.shape(), pitch_y, pitch_z};
    }
};

/// A dense view over contiguous memory of volume(shape) elements.
template <typename T>
View3<T> dense_view(T* data, const Extents& shape) noexcept {
    return {data, shape, shape[2], shape[1] * shape[2]};
}

} // namespace morphogen::core
