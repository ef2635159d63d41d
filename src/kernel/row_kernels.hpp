#pragma once

#include "morphogen/kernel/isa.hpp"

#include "kernel/coefficients.hpp"

#include <cstddef>
#include <cstdint>

namespace morphogen::kernel {

/// The unit of columns in a tile's buffers, bytes: a cache line, a whole number of vectors of every
/// instruction set.
inline constexpr std::size_t line_bytes = 64;

template <typename T>
inline constexpr std::int64_t line = static_cast<std::int64_t>(line_bytes / sizeof(T)); // elements

/// What a tile will load next, asked for while it computes: rows of u and of v, `pitch` apart, from
/// the column that `u` and `v` point to, `lines` lines each; and the same of the plane after, if
/// `plane`, its distance, is not 0. Lines are asked for evenly over the turns that the walks take
/// meanwhile: a processor can wait for few lines at a time.
template <typename T>
struct Ahead {
    const T* u;
    const T* v;
    std::int64_t pitch;
    std::int64_t plane;
    std::int64_t lines;
    std::int64_t rows;
    std::int64_t at;     // lines of the first row already asked for
    std::int64_t wanted; // lines of all rows, per `turns`
    std::int64_t turns;
    std::int64_t credit; // in units of lines / turns
};

/// One step of `rows` rows below one another, over columns [begin, end) counted in elements from
/// the pointers, both multiples of line<T>. Pointers are aligned to a line; a line before `begin`
/// and one after `end` must be readable. v's rows lie `v_offset` elements after u's, in the inputs
/// and in the output.
template <typename T>
struct Walk {
    const T* above; // 2-D: u of the row before the first one computed
    const T* first; // u of the first row computed
    const T* below; // 2-D: u of the row after it, and `pitch` apart all that follow
    const T* front; // 3-D, where all rows are `pitch` apart: u of the first row computed, one plane
                    // before
    const T* back;  // one plane after
    const T* far;   // two planes after, if the plane after is computed as well; else nullptr
    T* out;         // u', rows `pitch` apart
    T* out_back;    // 3-D: u' of the plane after
    std::int64_t v_offset;
    std::int64_t pitch;
    std::int64_t rows;
    std::int64_t begin, end;
    Ahead<T>* ahead; // a turn: a line (seven-point) or a column of lines
};

/// u' += noise * U for `count` cells in a row; reads and writes up to a line past the last.
template <typename T>
struct NoiseRun {
    T* u;
    std::int64_t count;
    std::uint64_t first_cell; // its index in the whole grid
    std::uint64_t step;
    std::uint64_t seed;
    T amplitude;
};

/// What a piece of row adds to a FieldSummary. `sum` in two bins (see exact_sum.hpp).
template <typename T>
struct PieceSummary {
    T min, max;
    std::int64_t coarse; // units of 2^-22
    std::int64_t fine;   // units of 2^-52
    bool ordinary;       // all finite and below 256 in magnitude; if not, only the copy is done
};

/// A piece's most elements: the bins stay exact.
inline constexpr std::int64_t piece_size = 4096;

/// The loops over cells, once per instruction set.
template <typename T>
struct RowKernels {
    void (*walk_separable)(const Walk<T>&, const Coefficients<T>&);
    void (*walk_five_point)(const Walk<T>&, const Coefficients<T>&);
    void (*walk_seven_point)(const Walk<T>&, const Coefficients<T>&);
    void (*copy_row)(const T* from, T* to, std::int64_t count);
    /// The same past the caches, which saves reading what is overwritten. Other threads see it
    /// after a fence.
    void (*stream_row)(const T* from, T* to, std::int64_t count);
    void (*add_noise)(const NoiseRun<T>&);
    /// Copies `count` <= piece_size elements and summarises them.
    PieceSummary<T> (*copy_piece)(const T* from, T* to, std::int64_t count);
};

template <typename T>
const RowKernels<T>& row_kernels(Isa isa) noexcept;

} // namespace morphogen::kernel
