#include "morphogen/kernel/stepper.hpp"

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/kernel/flush_subnormals.hpp"

#include "kernel/tile.hpp"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace morphogen::kernel {

namespace {

using core::Index;

void check(const Physics& physics, const BlockGeometry& geometry, Isa isa, int threads) {
    if (info(physics.stencil).dims != geometry.dims)
        throw core::UsageError(
            {.what = "wrong stencil",
             .where = info(physics.stencil).name,
             .why =
                 "it is for grids of " + std::to_string(info(physics.stencil).dims) + " dimensions",
             .advice = geometry.dims == 3 ? "use seven-point" : "use one of the 2-D stencils"});
    if (std::ranges::find(available_isas(), isa) == available_isas().end())
        throw core::UsageError({.what = "unknown instruction set",
                                .where = name_of(isa),
                                .why = "this build or this processor does not have it",
                                .advice = "choose one that --version lists, or auto"});
    MORPHOGEN_EXPECT(threads >= 1);
    MORPHOGEN_EXPECT(!geometry.block.empty());
    MORPHOGEN_EXPECT(geometry.dims == 3 || geometry.block.shape()[0] == 1);
}

bool has_halo(const BlockGeometry& g) {
    for (std::size_t a = g.dims == 3 ? 0 : 1; a < 3; ++a)
        if (g.faces[a][0] == Face::halo || g.faces[a][1] == Face::halo) return true;
    return false;
}

/// No tile is larger than the block, so that buffers are not either.
template <typename T>
Tiling fit(Tiling t, const BlockGeometry& g) {
    const core::Extents n = g.block.shape();
    t.planes = std::min(t.planes, n[0]);
    t.rows = std::min(t.rows, n[1]);
    t.columns = std::min(t.columns, n[2]);
    if (has_halo(g)) t.depth = std::min(t.depth, g.halo);
    return t;
}

std::vector<core::Box> cut(const core::Extents& n, const Tiling& t) {
    std::vector<core::Box> tiles;
    for (Index z = 0; z < n[0]; z += t.planes)
        for (Index y = 0; y < n[1]; y += t.rows)
            for (Index x = 0; x < n[2]; x += t.columns)
                tiles.push_back({{z, y, x},
                                 {std::min(z + t.planes, n[0]), std::min(y + t.rows, n[1]),
                                  std::min(x + t.columns, n[2])}});
    return tiles;
}

template <typename T>
auto walk_of(const RowKernels<T>& kernels, Stencil stencil) {
    switch (stencil) {
    case Stencil::five_point:
        return kernels.walk_five_point;
    case Stencil::seven_point:
        return kernels.walk_seven_point;
    default:
        return kernels.walk_separable;
    }
}

bool chosen(const BlockGeometry& g, const core::Box& tile, Index steps, Part part) {
    return part == Part::all || reads_halo(g, tile, steps) == (part == Part::border);
}

} // namespace

template <typename T>
struct Stepper<T>::State {
    Physics physics;
    BlockGeometry geometry;
    Tiling tiling;
    int threads;
    const RowKernels<T>* kernels;
    Coefficients<T> coefficients;
    TileLayout layout;
    std::vector<core::Box> tiles;
    std::vector<core::AlignedBuffer<T>> memory; // one per thread
    std::vector<TileShare> shares;              // one per thread
};

template <typename T>
Stepper<T>::Stepper(const Physics& physics, const BlockGeometry& geometry, Isa isa, int threads,
                    const Tiling& wanted) {
    check(physics, geometry, isa, threads);
    const core::Extents n = geometry.block.shape();
    const Tiling t = fit<T>(choose_tiling<T>(geometry.dims, n, isa, threads, wanted), geometry);
    MORPHOGEN_EXPECT(t.depth >= 1); // or the caller's arrays have no halo
    state_.reset(new State{.physics = physics,
                           .geometry = geometry,
                           .tiling = t,
                           .threads = threads,
                           .kernels = &row_kernels<T>(isa),
                           .coefficients = make_coefficients<T>(physics),
                           .layout = tile_layout<T>(geometry.dims, t),
                           .tiles = cut(n, t),
                           .memory = {},
                           .shares = std::vector<TileShare>(static_cast<std::size_t>(threads))});
    const auto elements = static_cast<std::size_t>(state_->layout.elements());
    for (int i = 0; i < threads; ++i)
        state_->memory.emplace_back(elements);
#pragma omp parallel num_threads(threads)
    {
        // Each by its own thread (first touch), and nothing in it is ever indeterminate.
        const auto id = static_cast<std::size_t>(omp_get_thread_num());
        const auto team = static_cast<std::size_t>(omp_get_num_threads());
        for (std::size_t i = id; i < state_->memory.size(); i += team)
            std::memset(state_->memory[i].data(), 0, elements * sizeof(T));
    }
}

template <typename T>
Stepper<T>::~Stepper() = default;
template <typename T>
Stepper<T>::Stepper(Stepper&&) noexcept = default;
template <typename T>
Stepper<T>& Stepper<T>::operator=(Stepper&&) noexcept = default;

template <typename T>
Index Stepper<T>::depth() const noexcept {
    return state_->tiling.depth;
}

template <typename T>
const Tiling& Stepper<T>::tiling() const noexcept {
    return state_->tiling;
}

template <typename T>
void Stepper<T>::sweep(const Fields<const T>& from, const Fields<T>& to, Index first_step,
                       Index steps, Part part, const std::function<void()>& progress) {
    State& s = *state_;
    MORPHOGEN_EXPECT(steps >= 1 && steps <= depth());
    const Sweep<T> sweep{.kernels = s.kernels,
                         .walk = walk_of(*s.kernels, s.physics.stencil),
                         .coefficients = s.coefficients,
                         .seed = s.physics.seed,
                         .boundary = s.physics.boundary,
                         .geometry = s.geometry,
                         .from = from,
                         .to = to,
                         .first_step = first_step,
                         .steps = steps,
                         .copy_row = s.tiling.stores == Stores::streamed ? s.kernels->stream_row
                                                                         : s.kernels->copy_row};
    TileQueue tiles(s.tiles, s.shares, streamed_axis(s.geometry.dims), steps, s.layout.group);
    const auto is_chosen = [&](const core::Box& tile) {
        return chosen(s.geometry, tile, steps, part);
    };
    std::exception_ptr failure; // of `progress`: touched by the calling thread alone
#pragma omp parallel num_threads(s.threads)
    {
        const FlushSubnormals flush;
        const auto id = static_cast<std::size_t>(omp_get_thread_num());
        while (const auto tile = tiles.next(id, is_chosen)) {
            run_tile(sweep, s.layout, s.memory[id].data(), *tile, s.shares[id]);
            if (id != 0 || !progress || failure) continue;
            try {
                progress();
            } catch (...) {
                failure = std::current_exception();
            }
        }
    }
    if (failure) std::rethrow_exception(failure);
}

template <typename T>
void Stepper<T>::first_touch(const Fields<T>& fields) const {
    const State& s = *state_;
    const core::Extents n = s.geometry.block.shape();
    core::Extents h{}; // halo cells on each side of each axis
    for (std::size_t a = s.geometry.dims == 3 ? 0 : 1; a < 3; ++a)
        if (s.geometry.faces[a][0] == Face::halo || s.geometry.faces[a][1] == Face::halo)
            h[a] = s.geometry.halo;
    const auto bytes = static_cast<std::size_t>(n[2] + 2 * h[2]) * sizeof(T);
#pragma omp parallel for collapse(2) schedule(static) num_threads(s.threads)
    for (Index z = -h[0]; z < n[0] + h[0]; ++z)
        for (Index y = -h[1]; y < n[1] + h[1]; ++y) {
            std::memset(fields.u.row(z, y) - h[2], 0, bytes);
            std::memset(fields.v.row(z, y) - h[2], 0, bytes);
        }
}

template class Stepper<float>;
template class Stepper<double>;

} // namespace morphogen::kernel
