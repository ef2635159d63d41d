#pragma once

#include "morphogen/mpi/file_errors.hpp"
#include "morphogen/run/plan.hpp"
#include "morphogen/run/run.hpp"
#include "morphogen/simulation/simulation.hpp"
#include "morphogen/simulation/summary.hpp"
#include "morphogen/store/directory_lock.hpp"
#include "morphogen/store/run_directory.hpp"

#include "checkpointer.hpp"
#include "start.hpp"
#include "time_limit.hpp"

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::run {

/// What the ranks tell each other between two groups of steps, and at a frame what it holds: one
/// collective.
struct Ballot {
    bool failed = false;
    int signal = 0;                // that asks for a stop, on any rank
    bool time_is_up = false;       // limits.walltime, on rank 0
    bool checkpoint = false;       // asked for by a signal or the clock, on any rank
    bool finite_check = false;     // due by the clock, on any rank
    core::Index phases = 0;        // of checkpoints, that every rank has done
    core::Index flushed = 0;       // frames that every rank has flushed
    double seconds_per_step = 0.0; // of the slowest rank
    std::array<simulation::GlobalSummary, 2> fields{}; // by core::Field
    static void merge(Ballot& into, const Ballot& from);
};

/// One launch on one rank: the state of run_simulation(). Every public member function is
/// collective, and throws mpi::AgreedError on all ranks together.
class Session {
public:
    Session(const config::Config& config, const mpi::Communicator& comm, const RunOptions& options);

    /// Everything up to the first step: memory, initial state, directory, files.
    void prepare();
    /// All frames, or until a signal.
    void simulate();
    /// Drains, publishes, closes; also after a failed prepare() or simulate(), to save what can be
    /// saved.
    void finish();
    /// Sums up over the ranks; rank 0 writes report.json and, if frames were stored, frames.xdmf.
    /// @p error: what failed, or empty.
    Report conclude(const std::string& error);

private:
    void choose_isa();
    void warn_about_cores(const NodeResources& node) const;
    void find_beginning();
    void make_simulation();
    void prepare_directory();
    void open_writer();
    std::unique_ptr<store::FrameSink> open_sink(mpi::Communicator writers);
    void advance_to_frame();
    void store_frame();
    void push_frame(store::Frame&& frame, const Ballot& all);
    core::Index last_step() const noexcept {
        return config_.time.frames * config_.time.steps_per_frame;
    }
    bool is_finished_before() const noexcept; // before this launch
    bool is_stopping() const noexcept { return !stop_reason_.empty(); }
    void write_checkpoint_if_wanted();
    void begin_checkpoint();
    void wait_for_checkpoint();
    void write_last_checkpoint();
    double seconds_to_stop() const;
    void fill(store::Frame& frame, Ballot& mine);
    void check_finite();
    void throw_if_not_finite(const Ballot& ballot) const;
    Ballot vote(Ballot mine);
    /// Agrees with the other ranks on going on: throws if any failed, publishes what all have
    /// flushed, notes a stop or a checkpoint that is wanted, takes one in hand a phase further.
    Ballot agree_to_go_on(const Ballot& mine = {});
    void show_progress();
    /// Writer thread of a collective file: tells the error and ends every rank.
    void end_job(const std::exception_ptr& error) const;
    Report summed_report() const;
    bool is_reported_finished() const;
    void write_results(const Report& report);
    void note(const std::string& text) const;
    bool is_root() const noexcept { return comm_.rank() == 0; }

    const config::Config& config_;
    const mpi::Communicator& comm_;
    const RunOptions& options_;
    store::RunDirectory directory_;
    std::optional<store::DirectoryLock> lock_; // rank 0's
    bool owns_directory_ = false;              // this launch may write reports into it
    Start start_;
    simulation::TilingPolicy tiling_policy_;
    std::optional<Plan> plan_;
    kernel::Isa isa_ = kernel::Isa::baseline;
    std::optional<simulation::Simulation> simulation_;
    store::FrameLayout layout_;
    std::optional<mpi::FileErrorWatch> file_errors_; // of a collective file
    std::optional<Checkpointer> checkpointer_;       // outlives the writer, whose jobs it is in
    std::optional<Writer> writer_;
    std::optional<TimeLimit> time_limit_;     // rank 0's
    bool writing_ = false;                    // every rank has its writer
    std::exception_ptr pending_;              // this rank's error, told at the next vote
    core::Index next_frame_ = 0;              // number
    std::vector<store::FrameRecord> records_; // of all frames; on rank 0
    core::AlignedBuffer<std::byte> scratch_;  // one field, for checking when nothing is stored
    Progress progress_;
    core::Stopwatch since_check_; // for numbers that are not finite, where no frames are stored
    double check_s_ = 0.0;        // what the latest took
    core::Stopwatch loop_;

    std::string stop_reason_; // empty: none
    bool checkpoint_wanted_ = false;
    core::Index group_steps_ = 1; // most steps between two votes; the same on every rank
    double seconds_per_step_ = 0.0;
    double loop_s_ = 0.0;
    double copy_s_ = 0.0;
    double copy_cpu_s_ = 0.0;
    double checkpoint_delay_s_ = 0.0;
};

} // namespace morphogen::run
