#include "morphogen/mpi/process_grid.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace morphogen::mpi {
namespace {

using core::Extents;
using core::Index;
using core::volume;

std::size_t first_axis(int dims) noexcept {
    return static_cast<std::size_t>(3 - dims);
}

/// "[1080, 1920]": the last @p dims numbers.
std::string bracketed(const Extents& n, int dims) {
    std::string text = "[";
    for (std::size_t a = first_axis(dims); a < 3; ++a)
        text += (text.size() > 1 ? ", " : "") + std::to_string(n[a]);
    return text + "]";
}

bool fits(const Extents& global, const Extents& shape) noexcept {
    for (std::size_t a = 0; a < 3; ++a)
        if (shape[a] > global[a]) return false;
    return true;
}

/// Cells along all the cuts: the volume of halo exchanges, in total.
Index cut_surface(const Extents& global, const Extents& shape) noexcept {
    Index surface = 0;
    for (std::size_t a = 0; a < 3; ++a)
        surface += (shape[a] - 1) * (volume(global) / global[a]);
    return surface;
}

std::vector<Index> divisors(Index n) {
    std::vector<Index> all;
    for (Index d = 1; d <= n; ++d)
        if (n % d == 0) all.push_back(d);
    return all;
}

} // namespace

ProcessGrid ProcessGrid::choose(const Extents& global, int dims, Index ranks) {
    MORPHOGEN_EXPECT((dims == 2 || dims == 3) && ranks >= 1);
    std::optional<Extents> best;
    Index best_surface = std::numeric_limits<Index>::max();
    // Slower axes take the larger factors first, so that of equal surfaces the longer rows win.
    std::vector<Index> factors = divisors(ranks);
    std::reverse(factors.begin(), factors.end());
    for (const Index pz : factors) {
        if (dims == 2 && pz != 1) continue;
        for (const Index px : divisors(ranks / pz)) {
            const Extents shape{pz, ranks / pz / px, px};
            if (!fits(global, shape)) continue;
            const Index surface = cut_surface(global, shape);
            if (surface < best_surface) {
                best = shape;
                best_surface = surface;
            }
        }
    }
    if (!best)
        throw core::UsageError(core::ErrorText{
            .what = "too many ranks",
            .where = std::to_string(ranks) + " ranks, grid.shape = " + bracketed(global, dims),
            .why = "no cut of the grid gives every rank at least one cell along each axis",
            .advice = "start fewer ranks, or a number with smaller factors"});
    return ProcessGrid(global, dims, *best);
}

ProcessGrid ProcessGrid::from(const Extents& global, int dims, std::span<const Index> requested,
                              Index ranks) {
    Extents shape{1, 1, 1};
    std::string text;
    for (const Index n : requested)
        text += (text.empty() ? "[" : ", ") + std::to_string(n);
    text = "mpi.ranks = " + (text.empty() ? "[" : text) + "]";
    if (std::ssize(requested) != dims)
        throw core::UsageError(
            core::ErrorText{.what = "process grid does not match the grid",
                            .where = text,
                            .why = "grid.shape has " + std::to_string(dims) + " axes",
                            .advice = "give as many numbers, or \"auto\""});
    for (std::size_t i = 0; i < requested.size(); ++i)
        shape[first_axis(dims) + i] = requested[i];
    Index product = 1; // of numbers that may be absurd
    for (const Index n : shape)
        if (n < 1 || __builtin_mul_overflow(product, n, &product)) product = -1;
    if (product != ranks)
        throw core::UsageError(core::ErrorText{
            .what = "process grid does not match the number of ranks",
            .where = text + ", " + std::to_string(ranks) + " ranks",
            .why = "the product of its numbers is not the number of ranks started",
            .advice = product > 0 ? "start " + std::to_string(product) +
                                        " ranks (mpirun -n), or set mpi.ranks = \"auto\""
                                  : "set mpi.ranks = \"auto\""});
    if (!fits(global, shape))
        throw core::UsageError(core::ErrorText{
            .what = "too many ranks along an axis",
            .where = text + ", grid.shape = " + bracketed(global, dims),
            .why = "every rank needs at least one cell along each axis",
            .advice = "cut another axis, start fewer ranks, or set mpi.ranks = \"auto\""});
    return ProcessGrid(global, dims, shape);
}

Extents ProcessGrid::coordinates(int rank) const noexcept {
    return {rank / (shape_[1] * shape_[2]), rank / shape_[2] % shape_[1], rank % shape_[2]};
}

int ProcessGrid::rank_at(const Extents& at) const noexcept {
    return static_cast<int>((at[0] * shape_[1] + at[1]) * shape_[2] + at[2]);
}

core::Box ProcessGrid::block(int rank) const noexcept {
    const Extents at = coordinates(rank);
    core::Box box;
    for (std::size_t a = 0; a < 3; ++a) {
        const auto range = core::split_evenly(global_[a], shape_[a], at[a]);
        box.lo[a] = range[0];
        box.hi[a] = range[1];
    }
    return box;
}

Index ProcessGrid::thinnest(bool periodic) const noexcept {
    Index cells = std::numeric_limits<Index>::max();
    for (std::size_t a = first_axis(dims_); a < 3; ++a)
        if (periodic || shape_[a] > 1) cells = std::min(cells, global_[a] / shape_[a]);
    return cells;
}

std::optional<int> ProcessGrid::neighbour(int rank, const std::array<int, 3>& direction,
                                          bool periodic) const noexcept {
    Extents at = coordinates(rank);
    for (std::size_t a = 0; a < 3; ++a) {
        at[a] += direction[a];
        if (at[a] >= 0 && at[a] < shape_[a]) continue;
        // The missing axis of a 2-D grid is no torus.
        if (!periodic || a < first_axis(dims_)) return std::nullopt;
        at[a] = (at[a] + shape_[a]) % shape_[a];
    }
    return rank_at(at);
}

} // namespace morphogen::mpi
