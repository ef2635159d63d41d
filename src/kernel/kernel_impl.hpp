#pragma once

// The loops over cells. Included once per instruction set, after that set's Vec; everything here
// has internal linkage, and no inline function of the standard library or of the project is called:
// the linker would merge such a function across sources, and code for a newer processor could run
// on an older one.

#include "kernel/philox.hpp"
#include "kernel/row_kernels.hpp"

namespace morphogen::kernel {
namespace {

/// One field in a column of vectors, walked down: holds what the next row needs of the rows above.
template <typename T>
struct Separable {
    Vec<T> w, upper, side, middle; // row sums of the row above and of this row; this row

    Vec<T> row_sum(const T* p, Vec<T> here) const { return fma(w, here, left_of(p) + right_of(p)); }

    void start(const T* above, const T* first, const Coefficients<T>& c) {
        w = Vec<T>::broadcast(c.w);
        upper = row_sum(above, Vec<T>::load(above));
        middle = Vec<T>::load(first);
        side = row_sum(first, middle);
    }
    /// The sum around `middle`, given the row below, to which it then moves.
    Vec<T> next(const T* below) {
        const Vec<T> here = Vec<T>::load(below);
        const Vec<T> lower = row_sum(below, here);
        const Vec<T> sum = fma(w, side, upper + lower);
        upper = side;
        side = lower;
        middle = here;
        return sum;
    }
};

template <typename T>
struct FivePoint {
    Vec<T> upper, side, middle; // row above; left + right of this row; this row

    void start(const T* above, const T* first, const Coefficients<T>&) {
        upper = Vec<T>::load(above);
        middle = Vec<T>::load(first);
        side = left_of(first) + right_of(first);
    }
    Vec<T> next(const T* below) {
        const Vec<T> here = Vec<T>::load(below);
        const Vec<T> sum = side + (upper + here);
        upper = middle;
        side = left_of(below) + right_of(below);
        middle = here;
        return sum;
    }
};

template <typename T>
struct Reaction {
    Vec<T> cu, au, feed, cv, av, dt;

    explicit Reaction(const Coefficients<T>& c)
        : cu(Vec<T>::broadcast(c.cu)), au(Vec<T>::broadcast(c.au)), feed(Vec<T>::broadcast(c.feed)),
          cv(Vec<T>::broadcast(c.cv)), av(Vec<T>::broadcast(c.av)), dt(Vec<T>::broadcast(c.dt)) {}

    void store(Vec<T> u, Vec<T> v, Vec<T> sum_u, Vec<T> sum_v, T* out_u, T* out_v) const {
        const Vec<T> r = (u * v) * v;
        fnma(dt, r, fma(cu, sum_u, fma(au, u, feed))).store(out_u);
        fma(dt, r, fma(cv, sum_v, av * v)).store(out_v);
    }
};

/// Asks for the next line of each field, if any is left.
template <typename T>
void ask_for_line(Ahead<T>& a) {
    if (a.rows == 0) return;
    const T* const u = a.u + a.at * line<T>;
    const T* const v = a.v + a.at * line<T>;
    __builtin_prefetch(u);
    __builtin_prefetch(v);
    if (a.plane != 0) {
        __builtin_prefetch(u + a.plane);
        __builtin_prefetch(v + a.plane);
    }
    if (++a.at < a.lines) return;
    a.at = 0;
    --a.rows;
    a.u += a.pitch;
    a.v += a.pitch;
}

template <typename T>
void take_turn(Ahead<T>& a) {
    for (a.credit += a.wanted; a.credit >= a.turns; a.credit -= a.turns)
        ask_for_line(a);
}

template <typename T, template <typename> class Field>
void walk(const Walk<T>& k, const Coefficients<T>& c) {
    const Reaction<T> reaction(c);
    const std::int64_t dv = k.v_offset;
    for (std::int64_t x = k.begin; x < k.end; x += Vec<T>::lanes) {
        Field<T> u;
        Field<T> v;
        u.start(k.above + x, k.first + x, c);
        v.start(k.above + dv + x, k.first + dv + x, c);
        const T* below = k.below + x;
        T* out = k.out + x;
        if (x % line<T> == 0) take_turn(*k.ahead);
        for (std::int64_t y = 0; y < k.rows; ++y) {
            const Vec<T> mid_u = u.middle;
            const Vec<T> mid_v = v.middle;
            const Vec<T> sum_u = u.next(below);
            const Vec<T> sum_v = v.next(below + dv);
            reaction.store(mid_u, mid_v, sum_u, sum_v, out, out + dv);
            below += k.pitch;
            out += k.pitch;
        }
    }
}

/// The sum around `here`, rows `pitch` apart.
template <typename T>
Vec<T> sum_of_six(const T* here, std::int64_t pitch, const T* front, const T* back) {
    const Vec<T> plane = (left_of(here) + right_of(here)) +
                         (Vec<T>::load(here - pitch) + Vec<T>::load(here + pitch));
    return plane + (Vec<T>::load(front) + Vec<T>::load(back));
}

/// Row by row: what lies in other planes comes from the second cache, which likes to be read in
/// order. Of two planes at a time, because what they share is then read once.
template <typename T, bool two_planes>
void walk_planes(const Walk<T>& k, const Coefficients<T>& c) {
    const Reaction<T> reaction(c);
    const std::int64_t dv = k.v_offset;
    const std::int64_t pitch = k.pitch;
    const auto store = [&](const T* here, Vec<T> sum_u, Vec<T> sum_v, T* out) {
        reaction.store(Vec<T>::load(here), Vec<T>::load(here + dv), sum_u, sum_v, out, out + dv);
    };
    for (std::int64_t y = 0; y < k.rows; ++y) {
        const std::int64_t row = y * pitch;
        for (std::int64_t x = row + k.begin; x < row + k.end; x += Vec<T>::lanes) {
            if (Vec<T>::lanes == line<T> || x % line<T> == 0) take_turn(*k.ahead);
            const T* const front = k.front + x;
            const T* const first = k.first + x;
            const T* const back = k.back + x;
            const Vec<T> sum_u = sum_of_six(first, pitch, front, back);
            const Vec<T> sum_v = sum_of_six(first + dv, pitch, front + dv, back + dv);
            if constexpr (two_planes) {
                const T* const far = k.far + x;
                const Vec<T> back_u = sum_of_six(back, pitch, first, far);
                const Vec<T> back_v = sum_of_six(back + dv, pitch, first + dv, far + dv);
                store(back, back_u, back_v, k.out_back + x);
            }
            store(first, sum_u, sum_v, k.out + x);
        }
    }
}

template <typename T>
void walk_seven_point(const Walk<T>& k, const Coefficients<T>& c) {
    if (k.far != nullptr)
        walk_planes<T, true>(k, c);
    else
        walk_planes<T, false>(k, c);
}

template <typename T>
void copy_row(const T* from, T* to, std::int64_t count) {
    __builtin_memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
}

template <typename T>
void stream_row(const T* from, T* to, std::int64_t count) {
    std::int64_t x = 0;
    for (; x < count && reinterpret_cast<std::uintptr_t>(to + x) % line_bytes != 0; ++x)
        to[x] = from[x];
    for (; x + Vec<T>::lanes <= count; x += Vec<T>::lanes)
        Vec<T>::load(from + x).stream(to + x);
    for (; x < count; ++x)
        to[x] = from[x];
}

template <typename T>
void add_noise(const NoiseRun<T>& run) {
    constexpr int batch = 64;
    const Vec<T> amplitude = Vec<T>::broadcast(run.amplitude);
    T noise[batch];
    for (std::int64_t x = 0; x < run.count; x += batch) {
        const std::int64_t n = run.count - x < batch ? run.count - x : batch;
        for (std::int64_t i = 0; i < n; ++i)
            noise[i] = uniform<T>(
                cell_noise(run.seed, run.step, run.first_cell + static_cast<std::uint64_t>(x + i)));
        for (std::int64_t i = n; i < batch; ++i)
            noise[i] = T{0};
        for (std::int64_t i = 0; i < n; i += Vec<T>::lanes) {
            T* p = run.u + x + i;
            fma(amplitude, Vec<T>::load(noise + i), Vec<T>::load(p)).store(p);
        }
    }
}

/// Sums in two bins by the magic-constant extraction (Demmel and Hida 2003; Rump, Ogita, Oishi
/// 2008): adding and subtracting 1.5 * 2^(52+e) rounds to multiples of 2^e, and sums of few such
/// multiples are exact.
struct Bins {
    static constexpr double coarse_magic = 0x1.8p30; // multiples of 2^-22
    static constexpr double fine_magic = 0x1.8p0;    // multiples of 2^-52
    Vec<double> coarse = Vec<double>::broadcast(0.0);
    Vec<double> fine = Vec<double>::broadcast(0.0);

    void add(Vec<double> x) {
        const Vec<double> m = Vec<double>::broadcast(coarse_magic);
        const Vec<double> f = Vec<double>::broadcast(fine_magic);
        const Vec<double> head = (x + m) - m;
        coarse = coarse + head;
        fine = fine + (((x - head) + f) - f);
    }
};

constexpr std::size_t array_size(int n) {
    return static_cast<std::size_t>(n);
}

/// How far ahead of a copy both its sides are asked for: a page, which the processor's own
/// prefetchers do not look beyond, and long enough for a fetch from memory. Frames are too large
/// for the caches, and so is what is between two of them.
inline constexpr std::ptrdiff_t ahead_bytes = 4096;

template <int writing>
void ask_for(const void* p) {
    // As a number: it may lie outside the array, where nothing is asked for or it does not matter.
    __builtin_prefetch(
        reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) + ahead_bytes), writing);
}

template <typename T>
PieceSummary<T> copy_piece(const T* from, T* to, std::int64_t count) {
    constexpr int lanes = static_cast<int>(Vec<T>::lanes);
    constexpr int wide = static_cast<int>(Vec<double>::lanes);
    constexpr int parts = lanes / wide;
    static_assert(piece_size * 256 < (std::int64_t{1} << 31), "the coarse bin stays exact");

    Bins bins[array_size(parts)];
    Vec<T> low = Vec<T>::broadcast(from[0]);
    Vec<T> high = low;
    std::int64_t x = 0;
    for (; x + lanes <= count; x += lanes) {
        const Vec<T> here = Vec<T>::load(from + x);
        ask_for<0>(from + x);
        ask_for<1>(to + x);
        here.store(to + x);
        low = min(low, here);
        high = max(high, here);
        for (int i = 0; i < parts; ++i)
            bins[i].add(Vec<double>::widen(from + x + i * wide));
    }
    if (x < count) { // the rest as one vector more, filled up with the first element and zeros
        T rest[array_size(lanes)];
        T zeros[array_size(lanes)];
        for (int i = 0; i < lanes; ++i) {
            const bool inside = x + i < count;
            rest[i] = inside ? from[x + i] : from[0];
            zeros[i] = inside ? from[x + i] : T{0};
            if (inside) to[x + i] = from[x + i];
        }
        low = min(low, Vec<T>::load(rest));
        high = max(high, Vec<T>::load(rest));
        for (int i = 0; i < parts; ++i)
            bins[i].add(Vec<double>::widen(zeros + i * wide));
    }

    T lows[array_size(lanes)];
    T highs[array_size(lanes)];
    low.store(lows);
    high.store(highs);
    PieceSummary<T> s{lows[0], highs[0], 0, 0, true};
    for (int i = 1; i < lanes; ++i) {
        if (lows[i] < s.min) s.min = lows[i];
        if (highs[i] > s.max) s.max = highs[i];
    }
    // A value that is not finite makes its part of the fine bin NaN, whatever min and max do with
    // it.
    s.ordinary = s.min > T{-256} && s.max < T{256};
    for (const Bins& b : bins) {
        double coarse[array_size(wide)];
        double fine[array_size(wide)];
        b.coarse.store(coarse);
        b.fine.store(fine);
        for (int i = 0; i < wide; ++i)
            s.ordinary = s.ordinary && fine[i] == fine[i];
        if (!s.ordinary) return s;
        for (int i = 0; i < wide; ++i) {
            s.coarse += static_cast<std::int64_t>(coarse[i] * 0x1p22);
            s.fine += static_cast<std::int64_t>(fine[i] * 0x1p52);
        }
    }
    return s;
}

template <typename T>
constexpr RowKernels<T> this_isa{
    .walk_separable = walk<T, Separable>,
    .walk_five_point = walk<T, FivePoint>,
    .walk_seven_point = walk_seven_point<T>,
    .copy_row = copy_row<T>,
    .stream_row = stream_row<T>,
    .add_noise = add_noise<T>,
    .copy_piece = copy_piece<T>,
};

} // namespace
} // namespace morphogen::kernel
