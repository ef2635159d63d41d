#include "kernel/tile.hpp"

#include "morphogen/core/contract.hpp"

#include "kernel/tile_axis.hpp"

#include <algorithm>
#include <array>
#include <atomic>
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
// Neighbouring tiles compute the cells around their common border twice, with equal results. The
// tile's end may come nearer while it is computed, when another thread takes over what lies behind:
// then each level has gone on for nothing at most as far as it needed to for the old end.
//
// In 3-D slabs are large, and all levels share one ring of 2 depth + 2 of them. A group is two: the
// planes that both read are read once. Each is written where a row was just read for the last time:
// the first in the plane before it, the second in the first one's, one row further up (the row
// below still needs the row itself). So at level s every other slab lies s rows up, into what the
// level needs less than those before.

namespace morphogen::kernel {

namespace {
using core::Index;

/// Slabs computed at a time in 2-D: a walk down reads two rows more than it writes.
constexpr Index group_rows = 8;
constexpr Index group_planes = 2;

constexpr Index round_up(Index n, Index unit) noexcept {
    return (n + unit - 1) / unit * unit;
}
constexpr Index modulo(Index n, Index m) noexcept {
    return (n % m + m) % m;
}

template <typename T>
class TileRun {
public:
    TileRun(const Sweep<T>& sweep, const TileLayout& layout, T* memory, const core::Box& tile,
            TileShare& share)
        : s_(sweep), l_(layout), memory_(memory), tile_(tile), share_(share) {
        for (std::size_t a = 0; a < 3; ++a)
            axes_[a] = make_axis(s_.geometry, s_.boundary, tile, a);
        base_ = stream().needed(s_.steps).lo;
    }

    void run() {
        Index& end = axes_[streamed_axis(l_.dims)].tile.hi;
        for (Index group_end = base_ + l_.group; group_end - s_.steps - l_.group < end;
             group_end += l_.group) {
            end = share_.claim(group_end - s_.steps);
            look_ahead(group_end);
            for (Index level = 0; level <= s_.steps; ++level)
                advance(level, group_end - level - l_.group, group_end - level);
        }
        // Streamed stores are not ordered by a release: this fence is for whoever reads them after
        // the team's barrier.
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }

private:
    bool planes() const { return l_.dims == 3; }
    const Axis& stream() const { return axes_[streamed_axis(l_.dims)]; }
    Index reach(Index level) const { return s_.steps - level; }
    Range columns(Index level) const { return axes_[2].needed(reach(level)); }
    /// Rows of a slab: in 2-D one, numbered 0.
    Range rows(Index level) const { return planes() ? axes_[1].needed(reach(level)) : Range{0, 1}; }
    Index column(Index x) const { return x - tile_.lo[2] + l_.lead; }

    /// The columns of a level in its buffer, as whole lines.
    Range walked(Index level) const {
        const Range x = columns(level);
        return {column(x.lo) / line<T> * line<T>, round_up(column(x.hi), line<T>)};
    }

    /// u of the row `y` of slab `k`; v lies v_offset behind.
    T* row(Index level, Index k, Index y) const {
        const Index slot = modulo(k - base_ + level * l_.shift, l_.ring);
        T* const slab = memory_ + level * l_.level + slot * l_.slab;
        if (!planes()) return slab;
        const Index up = slot % group_planes * level;
        return slab + (y - tile_.lo[1] + l_.top - up) * l_.pitch;
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

    /// What level 0 loads next is asked for while the levels compute: a tile's rows are too short
    /// for the processor to foresee them, and asked for all at once they would hold up the
    /// computing.
    void look_ahead(Index group_end) {
        const Range y = rows(0);
        const Range x = columns(0);
        const Index end = std::min(group_end + l_.group, stream().needed(s_.steps).hi);
        ahead_ = {};
        for (Index level = 1; level <= s_.steps; ++level) {
            const Range lines = walked(level);
            ahead_.turns +=
                (lines.hi - lines.lo) / line<T> * (planes() ? rows(level).hi - rows(level).lo : 1);
        }
        if (group_end >= end) return;
        const Index z = planes() ? group_end : 0;
        const Index row = planes() ? y.lo : group_end;
        ahead_.u = s_.from.u.row(z, row) + x.lo;
        ahead_.v = s_.from.v.row(z, row) + x.lo;
        ahead_.pitch = s_.from.u.pitch_y;
        ahead_.plane = planes() && group_end + 1 < end ? s_.from.u.pitch_z : 0;
        ahead_.lines = (x.hi - x.lo + line<T> - 1) / line<T>;
        ahead_.rows = planes() ? y.hi - y.lo : end - group_end;
        ahead_.wanted = ahead_.rows * ahead_.lines;
    }

    void load(Range slabs) {
        const Range x = columns(0);
        const auto bytes = static_cast<std::size_t>(x.hi - x.lo) * sizeof(T);
        for (Index k = slabs.lo; k < slabs.hi; ++k) {
            T* to = row(0, k, rows(0).lo) + column(x.lo);
            for (Index y = rows(0).lo; y < rows(0).hi; ++y, to += l_.pitch) {
                const Index z = planes() ? k : 0;
                std::memcpy(to, s_.from.u.row(z, planes() ? y : k) + x.lo, bytes);
                std::memcpy(to + l_.v_offset, s_.from.v.row(z, planes() ? y : k) + x.lo, bytes);
            }
        }
    }

    void compute(Index level, Range slabs) {
        const Range x = walked(level);
        Walk<T> w{};
        w.v_offset = l_.v_offset;
        w.pitch = l_.pitch;
        w.begin = x.lo;
        w.end = x.hi;
        w.ahead = &ahead_;
        const Index in = level - 1;
        if (!planes()) {
            // Row k + 1 and those below it lie in a row: a group never wraps around the ring.
            const Index k = slabs.lo;
            w.above = row(in, k - 1, 0);
            w.first = row(in, k, 0);
            w.below = row(in, k + 1, 0);
            w.out = row(level, k, 0);
            w.rows = slabs.hi - slabs.lo;
            s_.walk(w, s_.coefficients);
            return;
        }
        const Range y = rows(level);
        const Index k = slabs.lo;
        w.rows = y.hi - y.lo;
        w.front = row(in, k - 1, y.lo);
        w.first = row(in, k, y.lo);
        w.back = row(in, k + 1, y.lo);
        w.out = row(level, k, y.lo);
        if (slabs.hi - k == group_planes) {
            w.far = row(in, k + 2, y.lo);
            w.out_back = row(level, k + 1, y.lo);
        }
        s_.walk(w, s_.coefficients);
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
        if (left) fill_column(level, k, x.lo - 1, x.lo, axes_[2].below);
        if (right) fill_column(level, k, x.hi, x.hi - 1, axes_[2].above);
        if (!planes()) return;
        if (axes_[1].ghost_below(y))
            fill_row(level, row(level, k, y.lo - 1), row(level, k, y.lo), axes_[1].below);
        if (axes_[1].ghost_above(y))
            fill_row(level, row(level, k, y.hi), row(level, k, y.hi - 1), axes_[1].above);
    }

    void store(Index k) {
        const Index count = tile_.hi[2] - tile_.lo[2];
        const Range all = rows(s_.steps);
        const T* from = row(s_.steps, k, all.lo) + l_.lead;
        for (Index y = all.lo; y < all.hi; ++y, from += l_.pitch) {
            const Index z = planes() ? k : 0;
            T* u = s_.to.u.row(z, planes() ? y : k) + tile_.lo[2];
            T* v = s_.to.v.row(z, planes() ? y : k) + tile_.lo[2];
            s_.copy_row(from, u, count);
            s_.copy_row(from + l_.v_offset, v, count);
        }
    }

    void fill_column(Index level, Index k, Index ghost, Index nearest, Face face) {
        const Range y = rows(level);
        T* cells = row(level, k, y.lo);
        for (Index r = y.lo; r < y.hi; ++r, cells += l_.pitch)
            for (T* field : {cells, cells + l_.v_offset})
                field[column(ghost)] = face == Face::zero ? T{0} : field[column(nearest)];
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
    core::Box tile_; // as it was begun
    TileShare& share_;
    std::array<Axis, 3> axes_{};
    Index base_; // the first slab of level 0
    Ahead<T> ahead_{};
};

} // namespace

template <typename T>
TileLayout tile_layout(int dims, const Tiling& tiling) noexcept {
    constexpr Index unit = line<T>;
    TileLayout l{};
    l.dims = dims;
    l.depth = tiling.depth;
    l.group = dims == 3 ? group_planes : group_rows;
    l.ring = dims == 3 ? 2 * tiling.depth + 2 : 2 * group_rows;
    l.shift = dims == 3 ? -1 : 1;
    l.lead = round_up(l.depth, unit) + unit;
    l.top = l.depth + 1;
    l.pitch = l.lead + round_up(tiling.columns + l.depth, unit) + unit;
    // Rows a multiple of 512 bytes apart would fall on few sets of the caches.
    if (l.pitch % (8 * unit) == 0) l.pitch += unit;
    l.slab = dims == 3 ? (tiling.rows + 2 * l.top) * l.pitch : l.pitch;
    l.v_offset = l.ring * l.slab + unit;
    l.level = dims == 3 ? 0 : 2 * l.v_offset + unit;
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
void run_tile(const Sweep<T>& sweep, const TileLayout& layout, T* memory, const core::Box& tile,
              TileShare& share) noexcept {
    MORPHOGEN_EXPECT(sweep.steps <= layout.depth);
    TileRun<T>(sweep, layout, memory, tile, share).run();
}

template TileLayout tile_layout<float>(int, const Tiling&) noexcept;
template TileLayout tile_layout<double>(int, const Tiling&) noexcept;
template void run_tile(const Sweep<float>&, const TileLayout&, float*, const core::Box&,
                       TileShare&) noexcept;
template void run_tile(const Sweep<double>&, const TileLayout&, double*, const core::Box&,
                       TileShare&) noexcept;

} // namespace morphogen::kernel
