#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/rework/box_reader.hpp"
#include "morphogen/rework/stats.hpp"
#include "morphogen/store/array_file.hpp"

#include "rework/rechunk_plan.hpp"

#include <Eigen/Core>

#include <cstdint>
#include <functional>

namespace morphogen::rework {

/// Works through a dataset in slabs that hold every frame of some cells.
class PodSolver {
public:
    /// @throws core::UsageError if the memory does not do, naming the least
    PodSolver(const store::DatasetReader& reader, const ReworkBudget& budget, core::Index modes);

    core::Index slabs() const noexcept { return plan_.slabs.size(); }

    /// @p slab_done after each slab. @throws core::Error: a value that is not finite
    Pod solve(const std::function<void()>& slab_done);
    /// Once solved: /mean and /mode into a file that has such arrays of doubles.
    void write_modes(store::ArrayFile& file, const std::function<void()>& slab_done);

private:
    using Panel = Eigen::MatrixXd; // [cell][frame], centred over time

    void read(core::Index slab);
    core::Index cells(core::Index slab) const;
    /// Cells [first, first + count) of the slab in memory; @p mean gets what was subtracted.
    void fill(core::Index first, core::Index count, Panel& panel, Eigen::VectorXd& mean) const;
    void add_to_gram(const Panel& panel);

    const store::DatasetReader& reader_;
    core::Index frames_;
    core::Index modes_;
    SlabPlan plan_;
    int threads_ = 1;
    std::uint64_t stream_memory_ = 0;
    parallel::Team team_;
    core::NdBox box_; // of the slab in memory
    core::AlignedBuffer<std::byte> elements_;
    Eigen::MatrixXd gram_;    // the lower half
    Eigen::MatrixXd weights_; // [frame][mode]: modes are panels times these
};

} // namespace morphogen::rework
