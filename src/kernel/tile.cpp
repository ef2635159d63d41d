#include "kernel/tile.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>
#include <array>
#include <cstring>

// A tile streams along one axis (2-D: down its rows; 3-D: through its planes). Level s holds step s
// of the tile and of what the later levels need around it: steps - s cells more on each side. Each
// group of slabs goes through all levels while it is in cache, every level one slab behind the one
// before:
//
//     level 0 (read)     . . . . a b c d|
//     level 1            . . . a b c d|
//     level 2 (write)    . . a b c d|        one group (a-d) of each level, in this order
//
// Neighbouring tiles compute the cells around their common border twice, with equal results.

namespace morphogen::kernel {

namespace {

using core::Index;

/// Slabs computed at a time in 2-D: a walk down reads two rows more than it writes.
constexpr Index group_rows = 8;

constexpr Index round_up(Index n, Index unit) noexcept {
    return (n + unit - 1) / unit * unit;
}
constexpr Index modulo(Index n, Index m) noexcept {
    return (n % m + m) % m;
}

struct Range {
    Index lo, hi;
};

/// One axis of a tile: what each level must hold.
struct Axis {
    Range tile;
    Range grid; // the grid's cells, numbered from the block's first; without end where the grid is
                // periodic
    Face below, above; // what lies beyond the grid's edges

    Range needed(Index reach) const noexcept {
        return {std::max(tile.lo - reach, grid.lo), std::min(tile.hi + reach, grid.hi)};
    }
    bool ghost_below(Range r) const noexcept { return r.lo == grid.lo; }
    bool ghost_above(Range r) const noexcept { return r.hi == grid.hi; }
};

/// A face that is not a halo is the grid's edge. Behind a halo the edge may be near, too: halos may
/// be deeper than the neighbours that fill them.
Axis make_axis(const BlockGeometry& g, Boundary boundary, const core::Box& tile,
               std::size_t a) noexcept {
    constexpr Index far = Index{1} << 62;
    Axis axis{{tile.lo[a], tile.hi[a]}, {-far, far}, g.faces[a][0], g.faces[a][1]};
    const Face edge = boundary == Boundary::zero ? Face::zero : Face::no_flux;
    if (axis.below != Face::halo) {
        axis.grid.lo = 0;
    } else if (boundary != Boundary::periodic) {
        axis.grid.lo = -g.block.lo[a];
        axis.below = edge;
    }
    if (axis.above != Face::halo) {
        axis.grid.hi = g.block.shape()[a];
    } else if (boundary != Boundary::periodic) {
        axis.grid.hi = g.global[a] - g.block.lo[a];
        axis.above = edge;
    }
    return axis;
}

template <typename T>
class TileRun {
public:
    TileRun(const Sweep<T>& sweep, const TileLayout& layout, T* memory, const core::Box& tile)
        : s_(sweep), l_(layout), memory_(memory), tile_(tile) {
        for (std::size_t a = 0; a < 3; ++a)
            axes_[a] = make_axis(s_.geometry, s_.boundary, tile, a);
        base_ = stream().needed(s_.steps).lo;
    }

    void run() {
        const Index end = stream().tile.hi;
        for (Index group_end = base_ + l_.group; group_end - s_.steps - l_.group < end;
             group_end += l_.group)
            for (Index level = 0; level <= s_.steps; ++level) {
                prefetch(level, group_end);
                advance(level, group_end - level - l_.group, group_end - level);
            }
    }

private:
    bool planes() const { return l_.dims == 3; }
    const Axis& stream() const { return axes_[planes() ? 0 : 1]; }
    Index reach(Index level) const { return s_.steps - level; }
    Range columns(Index level) const { return axes_[2].needed(reach(level)); }
    /// Rows of a slab: in 2-D one, numbered 0.
    Range rows(Index level) const { return planes() ? axes_[1].needed(reach(level)) : Range{0, 1}; }
    Index column(Index x) const { return x - tile_.lo[2] + l_.lead; }

    /// u of the row `y` of slab `k`; v lies v_offset behind.
    T* row(Index level, Index k, Index y) const {
        return memory_ + level * l_.level + modulo(k - base_ + level, l_.ring) * l_.slab +
               (planes() ? (y - tile_.lo[1] + l_.top) * l_.pitch : 0);
    }

    /// Brings a level's slabs [begin, end) up, as far as there are any, ghosts included.
    void advance(Index level, Index begin, Index end) {
        const Range all = stream().needed(reach(level));
        const Range now{std::max(begin, all.lo), std::min(end, all.hi)};
        if (now.lo < now.hi) {
            if (level == 0)
                load(now);
            else
                compute(level, now);
            for (Index k = now.lo; k < now.hi; ++k)
                finish(level, k);
        }
        if (level == s_.steps) return;
        const Index first = stream().grid.lo;
        if (stream().ghost_below(all) && now.lo <= first && first < now.hi)
            fill_slab(level, first - 1, first, stream().below);
        const Index past = stream().grid.hi;
        if (stream().ghost_above(all) && begin <= past && past < end)
            fill_slab(level, past, past - 1, stream().above);
    }

    /// Asks for this level's share of the rows that level 0 loads next, while the levels compute: a
    /// tile's rows are too short for the processor to foresee them.
    void prefetch(Index level, Index group_end) const {
        const Range y = rows(0);
        const Range x = columns(0);
        const Index height = y.hi - y.lo;
        const Index all = l_.group * height;
        const Index end = stream().needed(s_.steps).hi;
        for (Index i = all * level / (s_.steps + 1); i < all * (level + 1) / (s_.steps + 1); ++i) {
            const Index k = group_end + i / height;
            if (k >= end) return;
            const Index z = planes() ? k : 0;
            const Index row = planes() ? y.lo + i % height : k;
            for (Index c = x.lo; c < x.hi; c += line<T>) {
                __builtin_prefetch(s_.from.u.row(z, row) + c);
                __builtin_prefetch(s_.from.v.row(z, row) + c);
            }
        }
    }

    void load(Range slabs) {
        const Range x = columns(0);
        const auto bytes = static_cast<std::size_t>(x.hi - x.lo) * sizeof(T);
        for (Index k = slabs.lo; k < slabs.hi; ++k)
            for (Index y = rows(0).lo; y < rows(0).hi; ++y) {
                const Index z = planes() ? k : 0;
                T* to = row(0, k, y) + column(x.lo);
                std::memcpy(to, s_.from.u.row(z, planes() ? y : k) + x.lo, bytes);
                std::memcpy(to + l_.v_offset, s_.from.v.row(z, planes() ? y : k) + x.lo, bytes);
            }
    }

    void compute(Index level, Range slabs) {
        const Range x = columns(level);
        Walk<T> w{};
        w.v_offset = l_.v_offset;
        w.pitch = l_.pitch;
        w.begin = column(x.lo) / line<T> * line<T>;
        w.end = round_up(column(x.hi), line<T>);
        const Index in = level - 1;
        if (!planes()) {
            // Row k + 1 and those below it lie in a row: a group never wraps around the ring.
            const Index k = slabs.lo;
            w.above = row(in, k - 1, 0);
            w.first = row(in, k, 0);
            w.below = row(in, k + 1, 0);
            w.front = w.back = w.below; // not read
            w.out = row(level, k, 0);
            w.rows = slabs.hi - slabs.lo;
            s_.walk(w, s_.coefficients);
            return;
        }
        const Range y = rows(level);
        w.rows = y.hi - y.lo;
        for (Index k = slabs.lo; k < slabs.hi; ++k) {
            w.first = row(in, k, y.lo);
            w.above = w.first - l_.pitch;
            w.below = w.first + l_.pitch;
            w.front = row(in, k - 1, y.lo);
            w.back = row(in, k + 1, y.lo);
            w.out = row(level, k, y.lo);
            s_.walk(w, s_.coefficients);
        }
    }

    /// What follows the update of a slab: noise; then its ghost cells, or its way into memory.
    void finish(Index level, Index k) {
        if (level > 0 && s_.coefficients.noise != T{0}) add_noise(level, k);
        if (level == s_.steps) {
            store(k);
            return;
        }
        const Range x = columns(level);
        const Range y = rows(level);
        const bool left = axes_[2].ghost_below(x);
        const bool right = axes_[2].ghost_above(x);
        if (left || right)
            for (Index r = y.lo; r < y.hi; ++r)
                for (const Index field : {Index{0}, l_.v_offset}) {
                    T* const cells = row(level, k, r) + field;
                    if (left)
                        fill_cell(cells + column(x.lo - 1), cells + column(x.lo), axes_[2].below);
                    if (right)
                        fill_cell(cells + column(x.hi), cells + column(x.hi - 1), axes_[2].above);
                }
        if (!planes()) return;
        if (axes_[1].ghost_below(y))
            fill_row(level, row(level, k, y.lo - 1), row(level, k, y.lo), axes_[1].below);
        if (axes_[1].ghost_above(y))
            fill_row(level, row(level, k, y.hi), row(level, k, y.hi - 1), axes_[1].above);
    }

    void store(Index k) {
        const auto bytes = static_cast<std::size_t>(tile_.hi[2] - tile_.lo[2]) * sizeof(T);
        for (Index y = rows(s_.steps).lo; y < rows(s_.steps).hi; ++y) {
            const Index z = planes() ? k : 0;
            const T* from = row(s_.steps, k, y) + l_.lead;
            std::memcpy(s_.to.u.row(z, planes() ? y : k) + tile_.lo[2], from, bytes);
            std::memcpy(s_.to.v.row(z, planes() ? y : k) + tile_.lo[2], from + l_.v_offset, bytes);
        }
    }

    static void fill_cell(T* ghost, const T* nearest, Face face) {
        *ghost = face == Face::zero ? T{0} : *nearest;
    }

    /// A ghost row of both fields, from a row with its own ghost cells.
    void fill_row(Index level, T* ghost, const T* nearest, Face face) {
        const Range x = columns(level);
        const Index from = column(x.lo) - 1;
        const auto bytes = static_cast<std::size_t>(x.hi - x.lo + 2) * sizeof(T);
        for (const Index start : {from, from + l_.v_offset}) {
            if (face == Face::zero)
                std::memset(ghost + start, 0, bytes);
            else
                std::memcpy(ghost + start, nearest + start, bytes);
        }
    }

    void fill_slab(Index level, Index ghost, Index nearest, Face face) {
        const Index rim = planes() ? 1 : 0;
        for (Index y = rows(level).lo - rim; y < rows(level).hi + rim; ++y)
            fill_row(level, row(level, ghost, y), row(level, nearest, y), face);
    }

    void add_noise(Index level, Index k) {
        const core::Extents& n = s_.geometry.global;
        const core::Extents& o = s_.geometry.block.lo;
        const Range x = columns(level);
        for (Index r = rows(level).lo; r < rows(level).hi; ++r) {
            // Halo cells across a periodic edge have the numbers of the cells they copy.
            const Index z = modulo(o[0] + (planes() ? k : 0), n[0]);
            const Index y = modulo(o[1] + (planes() ? r : k), n[1]);
            for (Index at = x.lo; at < x.hi;) {
                const Index first = modulo(o[2] + at, n[2]);
                const Index count = std::min(x.hi - at, n[2] - first);
                s_.kernels->add_noise(
                    {.u = row(level, k, r) + column(at),
                     .count = count,
                     .first_cell = static_cast<std::uint64_t>((z * n[1] + y) * n[2] + first),
                     .step = static_cast<std::uint64_t>(s_.first_step + level - 1),
                     .seed = s_.seed,
                     .amplitude = s_.coefficients.noise});
                at += count;
            }
        }
    }

    const Sweep<T>& s_;
    const TileLayout& l_;
    T* memory_;
    core::Box tile_;
    std::array<Axis, 3> axes_{};
    Index base_; // the first slab of level 0
};

} // namespace

template <typename T>
TileLayout tile_layout(int dims, const Tiling& tiling) noexcept {
    constexpr Index unit = line<T>;
    TileLayout l{};
    l.dims = dims;
    l.depth = tiling.depth;
    l.group = dims == 3 ? 1 : group_rows;
    l.ring = dims == 3 ? 3 : 2 * group_rows;
    l.lead = round_up(l.depth, unit) + unit;
    l.top = l.depth + 1;
    l.pitch = l.lead + round_up(tiling.columns + l.depth, unit) + unit;
    // Rows a multiple of 512 bytes apart would fall on few sets of the caches.
    if (l.pitch % (8 * unit) == 0) l.pitch += unit;
    l.slab = dims == 3 ? (tiling.rows + 2 * l.top) * l.pitch : l.pitch;
    l.v_offset = l.ring * l.slab + unit;
    l.level = 2 * l.v_offset + unit;
    return l;
}

bool reads_halo(const BlockGeometry& g, const core::Box& tile, Index steps) noexcept {
    for (std::size_t a = g.dims == 3 ? 0 : 1; a < 3; ++a) {
        if (g.faces[a][0] == Face::halo && tile.lo[a] < steps) return true;
        if (g.faces[a][1] == Face::halo && tile.hi[a] + steps > g.block.shape()[a]) return true;
    }
    return false;
}

template <typename T>
void run_tile(const Sweep<T>& sweep, const TileLayout& layout, T* memory,
              const core::Box& tile) noexcept {
    MORPHOGEN_EXPECT(sweep.steps <= layout.depth);
    TileRun<T>(sweep, layout, memory, tile).run();
}

template TileLayout tile_layout<float>(int, const Tiling&) noexcept;
template TileLayout tile_layout<double>(int, const Tiling&) noexcept;
template void run_tile(const Sweep<float>&, const TileLayout&, float*, const core::Box&) noexcept;
template void run_tile(const Sweep<double>&, const TileLayout&, double*, const core::Box&) noexcept;

} // namespace morphogen::kernel
