#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/rework/open_dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace morphogen::rework {

/// Of the cells of one frame that are not NaN; in double precision.
struct FrameMoments {
    core::Index count = 0;
    core::Index nans = 0; // left out of everything else
    double min = 0.0;     // of no cells: NaN, as the others
    double max = 0.0;
    double mean = 0.0;
    double m2 = 0.0; // sum of squared distances from the mean

    double variance() const noexcept; // of the cells as the whole population: m2 / count
};

/// Of a and b together: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for
/// computing sample variances", 1979.
FrameMoments merged(const FrameMoments& a, const FrameMoments& b) noexcept;

/// Proper orthogonal decomposition by the method of snapshots (Sirovich, 1987).
///
/// Each cell's mean over time is subtracted; X holds what is left, one column per frame. G = XᵀX,
/// its eigenvalues μ_k and orthonormal eigenvectors a_k give:
/// - energy k: μ_k / frames. Their sum is the variance over time summed over the cells.
/// - mode k: X a_k / sqrt(μ_k), orthonormal over the cells (plain sum, no cell size).
/// - coefficient k at time t: sqrt(μ_k) a_k(t), so that x_t = mean + Σ_k coefficient_k(t) mode_k.
/// The sign is chosen so that the coefficient of largest magnitude is positive.
struct Pod {
    std::vector<double> energies;     // all, largest first; as many as frames
    std::vector<double> coefficients; // [frame][mode], of the first `modes`
    core::Index modes = 0;
};

struct StatsOptions {
    core::Index bins = 64;          // of the histogram
    core::Index modes = 10;         // to keep; 0: no decomposition
    std::filesystem::path out = {}; // also modes and means, as HDF5; empty: nowhere
    bool replace = false;
    ReworkBudget budget; // progress in blocks, of all passes
};

struct Stats {
    std::vector<FrameMoments> frames;
    double low = 0.0;                     // of all frames: the histogram's bounds
    double high = 0.0;                    // belongs to the last bin
    std::vector<std::uint64_t> histogram; // [frame][bin]
    core::Index bins = 0;
    int passes = 0; // over the data, for all but the decomposition
    Pod pod;
    double seconds = 0.0;
};

/// Statistics of each index along the first axis, and over all of them. The moments and the
/// histogram are the same for every number of threads and every memory: they are put together block
/// by block in the dataset's order. Bounds of a run's /stats, where they are whole and turn out to
/// be right, spare the pass that finds them. The decomposition's sums are formed slab by slab, so
/// that its last digits depend on the memory.
/// @throws core::UsageError: too little memory, naming the least. core::Error naming file, dataset
/// and chunk; a NaN or an infinity where modes are asked for
Stats compute_stats(const store::DatasetReader& reader, const StatsOptions& options);

/// One line per frame, then energies.
std::string to_text(const Stats& stats);
std::string to_json(const Stats& stats);

} // namespace morphogen::rework
