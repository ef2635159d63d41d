#include "morphogen/kernel/copy_out.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/stopwatch.hpp"

#include "kernel/row_kernels.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace morphogen::kernel {

namespace {

using core::Index;

/// Elements handed to a thread at a time, about.
constexpr Index share = 1 << 16;

/// A piece that holds something large or not finite, cell by cell. @p position is its first cell's
/// number in the block.
template <typename T>
void add_slowly(const T* cells, Index count, Index position, FieldSummary& s) {
    for (Index i = 0; i < count; ++i) {
        const auto value = static_cast<double>(cells[i]);
        if (!std::isfinite(value)) {
            if (s.first_bad < 0 || position + i < s.first_bad) s.first_bad = position + i;
            continue;
        }
        s.min = std::min(s.min, value);
        s.max = std::max(s.max, value);
        s.sum.add(value);
    }
}

template <typename T>
class CopyOut {
public:
    CopyOut(const core::View3<const T>& from, T* to, const RowKernels<T>& kernels)
        : from_(from), to_(to), kernels_(kernels),
          share_rows_(std::max<Index>(share / std::max<Index>(from.shape[2], 1), 1)) {}

    Index rows() const { return from_.shape[0] * from_.shape[1]; }
    Index shares() const { return (rows() + share_rows_ - 1) / share_rows_; }

    void run(Index number, FieldSummary& s) const {
        std::int64_t coarse = 0;
        std::int64_t fine = 0;
        const Index end = std::min((number + 1) * share_rows_, rows());
        for (Index row = number * share_rows_; row < end; ++row) {
            const T* const cells = from_.row(row / from_.shape[1], row % from_.shape[1]);
            const Index width = from_.shape[2];
            for (Index x = 0; x < width; x += piece_size) {
                const Index position = row * width + x;
                const Index count = std::min(width - x, piece_size);
                const PieceSummary<T> p = kernels_.copy_piece(cells + x, to_ + position, count);
                if (!p.ordinary) {
                    add_slowly(cells + x, count, position, s);
                    continue;
                }
                s.min = std::min(s.min, static_cast<double>(p.min));
                s.max = std::max(s.max, static_cast<double>(p.max));
                coarse += p.coarse;
                fine += p.fine;
            }
        }
        s.sum.add_scaled(coarse, -22);
        s.sum.add_scaled(fine, -52);
    }

private:
    core::View3<const T> from_;
    T* to_;
    const RowKernels<T>& kernels_;
    Index share_rows_;
};

} // namespace

void FieldSummary::merge(const FieldSummary& other) noexcept {
    min = std::min(min, other.min);
    max = std::max(max, other.max);
    sum.add(other.sum);
    cpu_seconds += other.cpu_seconds;
    if (first_bad < 0 || (other.first_bad >= 0 && other.first_bad < first_bad))
        first_bad = other.first_bad;
}

template <typename T>
FieldSummary copy_out(const core::View3<const T>& from, T* to, Isa isa, int threads) {
    MORPHOGEN_EXPECT(threads >= 1);
    const CopyOut<T> copy(from, to, row_kernels<T>(isa));
    FieldSummary all;
    std::atomic<Index> next{0};
#pragma omp parallel num_threads(threads)
    {
        FieldSummary mine;
        const double start = core::thread_cpu_seconds();
        // relaxed: the counter publishes nothing; shares are independent, and the team's barrier
        // orders the copies.
        for (Index i = next.fetch_add(1, std::memory_order_relaxed); i < copy.shares();
             i = next.fetch_add(1, std::memory_order_relaxed))
            copy.run(i, mine);
        mine.cpu_seconds = core::thread_cpu_seconds() - start;
#pragma omp critical(morphogen_copy_out)
        all.merge(mine);
    }
    // Which zero a minimum of several is depends on the order.
    all.min += 0.0;
    all.max += 0.0;
    return all;
}

template FieldSummary copy_out(const core::View3<const float>&, float*, Isa, int);
template FieldSummary copy_out(const core::View3<const double>&, double*, Isa, int);

} // namespace morphogen::kernel
