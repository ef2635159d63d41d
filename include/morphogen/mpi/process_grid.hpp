#pragma once

#include "morphogen/core/box.hpp"

#include <array>
#include <optional>
#include <span>

namespace morphogen::mpi {

/// How a grid of cells is cut into one block per rank: p[z] x p[y] x p[x] blocks, ranks numbered
/// row-major. Pure arithmetic, no MPI.
class ProcessGrid {
public:
    /// The cut into @p ranks blocks with the smallest cut surface; of equals, the one that
    /// cuts the slower axis (longer rows).
    /// @throws core::UsageError if there is none with at least one cell for each rank along each
    /// axis.
    static ProcessGrid choose(const core::Extents& global, int dims, core::Index ranks);

    /// The cut a user asked for ([mpi] ranks): one number per axis of the grid, slowest first.
    /// @throws core::UsageError if their number is not @p dims, their product not @p ranks, or an
    /// axis has fewer cells.
    static ProcessGrid from(const core::Extents& global, int dims,
                            std::span<const core::Index> requested, core::Index ranks);

    const core::Extents& global() const noexcept { return global_; }
    /// Ranks along each axis {z, y, x}.
    const core::Extents& shape() const noexcept { return shape_; }
    int dims() const noexcept { return dims_; }
    int size() const noexcept { return static_cast<int>(core::volume(shape_)); }

    core::Extents coordinates(int rank) const noexcept;
    int rank_at(const core::Extents& coordinates) const noexcept;
    /// Cells of the whole grid that @p rank owns: never empty.
    core::Box block(int rank) const noexcept;
    /// The fewest cells any rank has along an axis that has halos (it is cut, or the grid is
    /// periodic): no halo may be deeper. The largest Index if no axis has any.
    core::Index thinnest(bool periodic) const noexcept;

    /// The rank next to @p rank in direction {dz, dy, dx}, each -1, 0 or 1; nothing beyond an edge
    /// that is not periodic. Periodic, it may be @p rank itself.
    std::optional<int> neighbour(int rank, const std::array<int, 3>& direction,
                                 bool periodic) const noexcept;

private:
    ProcessGrid(const core::Extents& global, int dims, const core::Extents& shape) noexcept
        : global_(global), shape_(shape), dims_(dims) {}

    core::Extents global_;
    core::Extents shape_;
    int dims_;
};

} // namespace morphogen::mpi
