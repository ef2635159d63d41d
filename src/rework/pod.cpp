#include "rework/pod.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"

#include "rework/element_values.hpp"

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;

constexpr Index panel_cells = 2048;
constexpr Index tile = 64; // frames of the Gram matrix that one thread does at a time

struct Memory {
    std::uint64_t fixed; // besides the slab
    std::uint64_t smallest_slab;
};

Memory memory_for(const DatasetReader& reader, int threads, Index modes) {
    const auto frames = static_cast<std::uint64_t>(reader.shape()[0]);
    const auto kept = static_cast<std::uint64_t>(modes);
    // The Gram matrix, its eigenvectors and the solver's copy; a panel, its modes; a row of text.
    const std::uint64_t matrices = sizeof(double) * (3 * frames * frames + 2 * frames * kept +
                                                     panel_cells * (frames + kept + 2));
    const std::uint64_t slab = frames * reader.element_size();
    return {BlockStream::least_memory(reader, threads) + matrices +
                BoxReader::list_memory(reader, reader.shape()) / 1024,
            slab};
}

} // namespace

PodSolver::PodSolver(const DatasetReader& reader, const ReworkBudget& budget, Index modes)
    : reader_(reader), frames_(reader.shape()[0]), modes_(std::min(modes, frames_)),
      threads_(budget.threads), team_(budget.threads) {
    while (threads_ > 1 && memory_for(reader, threads_, modes_).fixed > budget.memory / 2)
        --threads_;
    const Memory need = memory_for(reader, threads_, modes_);
    if (need.fixed + need.smallest_slab > budget.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory for modes",
            .where = fmt::format("{}, {}", reader.file().path().native(), reader.info().path),
            .why = fmt::format("{} is the least for {} frames and chunks of {}, {} may be used",
                               core::format_size(need.fixed + need.smallest_slab), frames_,
                               core::format_size(reader.block_bytes()),
                               core::format_size(budget.memory)),
            .advice = "give more --memory, or --modes 0 for statistics of frames alone"});
    const std::uint64_t left = budget.memory - need.fixed;
    const std::uint64_t ahead =
        std::min(left / 8, (static_cast<std::uint64_t>(threads_) + 1) * reader.stored_bound());
    stream_memory_ = BlockStream::least_memory(reader, threads_) + ahead;
    Dims unit(reader.shape().rank(), 1);
    unit[0] = std::max<Index>(frames_, 1);
    const Dims block = reader.pieces().empty() ? unit : reader.pieces().front().grid.chunk();
    const std::uint64_t slab = std::max(left - ahead, need.smallest_slab);
    plan_ =
        plan_slabs(reader.shape(), block, unit, static_cast<Index>(slab / reader.element_size()));
    gram_ = Eigen::MatrixXd::Zero(frames_, frames_);
}

void PodSolver::read(Index slab) {
    box_ = plan_.slabs.box(slab);
    const auto bytes = static_cast<std::size_t>(box_.volume()) * reader_.element_size();
    if (elements_.size() < bytes) {
        elements_ = {};
        elements_ = core::AlignedBuffer<std::byte>(bytes);
    }
    read_into(reader_, box_, elements_.span().first(bytes), threads_, stream_memory_);
}

Index PodSolver::cells(Index slab) const {
    return plan_.slabs.box(slab).volume() / frames_;
}

void PodSolver::fill(Index first, Index count, Panel& panel, Eigen::VectorXd& mean) const {
    const ToDoubles convert = to_doubles(reader_.type());
    const Index all = box_.volume() / frames_;
    panel.resize(count, frames_);
    for (Index t = 0; t < frames_; ++t)
        convert(elements_.data() +
                    static_cast<std::size_t>(t * all + first) * reader_.element_size(),
                std::span(panel.col(t).data(), static_cast<std::size_t>(count)));
    mean = panel.rowwise().mean();
    if (!mean.allFinite())
        throw core::Error(core::ErrorText{
            .what = "no modes",
            .where = fmt::format("{}, {}", reader_.file().path().native(), reader_.info().path),
            .why = "it has values that are not finite",
            .advice = "use --modes 0 for statistics of frames alone"});
    panel.colwise() -= mean;
}

void PodSolver::add_to_gram(const Panel& panel) {
    // Each tile of the lower half is one thread's, so that the sums do not depend on the threads.
    const Index tiles = (frames_ + tile - 1) / tile;
    team_.run([&](int thread) {
        for (Index n = 0, i = 0; i < tiles; ++i)
            for (Index j = 0; j <= i; ++j, ++n) {
                if (n % team_.size() != thread) continue;
                const Index r = i * tile;
                const Index c = j * tile;
                const Index rows = std::min(tile, frames_ - r);
                const Index columns = std::min(tile, frames_ - c);
                gram_.block(r, c, rows, columns).noalias() +=
                    panel.middleCols(r, rows).transpose() * panel.middleCols(c, columns);
            }
    });
}

Pod PodSolver::solve(const std::function<void()>& slab_done) {
    Panel panel;
    Eigen::VectorXd mean;
    for (Index slab = 0; slab < slabs(); ++slab) {
        read(slab);
        for (Index first = 0, all = cells(slab); first < all; first += panel_cells) {
            fill(first, std::min(panel_cells, all - first), panel, mean);
            add_to_gram(panel);
        }
        slab_done();
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram_); // reads the lower half
    if (solver.info() != Eigen::Success)
        throw core::Error(core::ErrorText{.what = "the modes' eigenvalues do not converge"});
    Pod pod{.modes = modes_};
    weights_.resize(frames_, modes_);
    pod.coefficients.resize(static_cast<std::size_t>(frames_ * modes_));
    for (Index k = 0; k < frames_; ++k) { // Eigen sorts the other way round
        const double square = std::max(solver.eigenvalues()[frames_ - 1 - k], 0.0);
        pod.energies.push_back(square / static_cast<double>(frames_));
        if (k >= modes_) continue;
        Eigen::VectorXd vector = solver.eigenvectors().col(frames_ - 1 - k);
        Index largest = 0;
        vector.cwiseAbs().maxCoeff(&largest);
        if (vector[largest] < 0.0) vector = -vector;
        for (Index t = 0; t < frames_; ++t)
            pod.coefficients[static_cast<std::size_t>(t * modes_ + k)] =
                std::sqrt(square) * vector[t];
        // A mode without energy has no direction: it stays 0.
        weights_.col(k) = square > 0.0 ? Eigen::VectorXd(vector / std::sqrt(square)) : vector * 0.0;
    }
    return pod;
}

void PodSolver::write_modes(store::ArrayFile& file, const std::function<void()>& slab_done) {
    store::DatasetWriter means = file.writer("mean_over_time");
    std::optional<store::DatasetWriter> modes;
    if (modes_ > 0) modes.emplace(file.writer("modes"));
    Panel panel;
    Eigen::VectorXd mean;
    Eigen::MatrixXd some;
    for (Index slab = 0; slab < slabs(); ++slab) {
        read(slab);
        // Cell by cell of the slab: a panel is a run of its cells, in rows of the last axis.
        const int last = box_.rank() - 1;
        const Index row = box_.hi[last] - box_.lo[last];
        Dims rows = box_.shape();
        rows[0] = 1;
        rows[last] = 1;
        const core::ChunkGrid grid(rows, Dims(rows.rank(), 1));
        for (Index r = 0; r < grid.size(); ++r)
            for (Index first = 0; first < row; first += panel_cells) {
                const Index count = std::min(panel_cells, row - first);
                fill(r * row + first, count, panel, mean);
                some.noalias() = panel * weights_;
                NdBox place = grid.full_box(r) + box_.lo;
                place.lo[last] += first;
                place.hi[last] = place.lo[last] + count;
                NdBox cell{Dims(last, 0), Dims(last, 0)};
                for (int a = 0; a < last; ++a) {
                    cell.lo[a] = place.lo[a + 1];
                    cell.hi[a] = place.hi[a + 1];
                }
                const auto n = static_cast<std::size_t>(count);
                means.write_box(cell, std::as_bytes(std::span(mean.data(), n)));
                for (Index k = 0; k < modes_; ++k) {
                    place.lo[0] = k;
                    place.hi[0] = k + 1;
                    modes->write_box(place, std::as_bytes(std::span(some.col(k).data(), n)));
                }
            }
        slab_done();
    }
    means.close();
    if (modes) modes->close();
}

} // namespace morphogen::rework
