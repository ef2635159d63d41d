#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/run/writer.hpp"
#include "morphogen/simulation/simulation.hpp"
#include "morphogen/simulation/summary.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/run_directory.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace morphogen::run {

/// Of the files that a run replaces or completes.
core::Durability durability(const config::Config& config);

/// The checkpoints of one launch on one rank. The state is copied out between two steps; the writer
/// threads store it while the simulation goes on.
///
/// A checkpoint passes two phases, on which the ranks agree by their votes: every rank's piece is
/// stored, and with it every frame before; then rank 0 has made it count. So each rank tells at a
/// vote how many phases it has done, hears how many all have, and all are in the same phase. The
/// simulation's thread only.
class Checkpointer {
public:
    Checkpointer(const config::Config& config, store::RunDirectory directory,
                 const mpi::Communicator& comm, const simulation::Simulation& simulation,
                 kernel::Isa isa);

    /// Allocates the buffer for a copy of the state, as far as possible from the threads that will
    /// fill it. @throws std::bad_alloc
    void reserve();

    /// From copy() on, until all ranks know that the checkpoint counts.
    bool is_busy() const noexcept { return phase_ != Phase::idle; }
    /// Whether the clock says that one should begin; on rank 0, elsewhere false.
    bool is_due() const;
    /// Whether one should begin after so many stored frames; the same on every rank.
    bool is_due_after(core::Index frames) const noexcept;

    /// Copies the state; figures of both fields, by core::Field, to be merged over the ranks.
    std::array<simulation::GlobalSummary, 2> copy();
    /// Gives the copy to the writer. @p frames: stored before it.
    void begin(core::Index frames, Writer& writer);

    /// This rank's phases that are done, for the vote.
    core::Index phases_done(const Writer& writer) const;
    /// After a vote: all ranks have done so many.
    void proceed(core::Index phases, Writer& writer);

    /// Step of the last checkpoint that counts; -1: none in this launch.
    core::Index last_step() const noexcept { return last_step_; }
    /// It was resumed from the checkpoint of this step: the same state need not be stored again.
    void has_checkpoint_of(core::Index step) noexcept { last_step_ = step; }
    /// Seconds that storing another one may take, frames before it included: as long as the last
    /// one, or an estimate from its size.
    double expected_seconds() const noexcept;

    core::Index count() const noexcept { return count_; }
    double copy_seconds() const noexcept { return copy_seconds_; } // of all
    double last_seconds() const noexcept { return last_seconds_; } // of the last, until it counted

private:
    enum class Phase { idle, storing, committing };

    core::Index my_phase(const Writer& writer) const;
    std::span<std::byte> field(core::Field which);
    void commit();

    const config::Config& config_;
    const store::RunDirectory directory_;
    const mpi::Communicator& comm_;
    const simulation::Simulation& simulation_;
    std::vector<core::Box> blocks_; // by rank
    store::CheckpointHeader header_;
    core::AlignedBuffer<std::byte> state_; // u, then v, dense
    Phase phase_ = Phase::idle;
    core::Index count_ = 0; // that count
    core::Index last_step_ = -1;
    core::Index segment_start_ = 0; // first frame of the open segment, when the piece was stored
    core::Stopwatch since_last_;
    core::Stopwatch since_copy_;
    double copy_seconds_ = 0.0;
    double last_seconds_ = 0.0;
};

} // namespace morphogen::run
