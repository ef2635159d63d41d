#pragma once

#include "morphogen/mpi/file_errors.hpp"
#include "morphogen/run/plan.hpp"
#include "morphogen/run/run.hpp"
#include "morphogen/simulation/simulation.hpp"
#include "morphogen/simulation/summary.hpp"
#include "morphogen/store/run_directory.hpp"

#include <array>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::run {

/// What the ranks tell each other between two groups of steps, and at a frame what it holds: one
/// collective.
struct Ballot {
    bool failed = false;
    int signal = 0;                                    // that asks for a stop, on any rank
    core::Index flushed = 0;                           // frames that every rank has flushed
    double seconds_per_step = 0.0;                     // of the slowest rank
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
    NodeResources node_resources() const;
    void choose_isa();
    void warn_about_cores(const NodeResources& node) const;
    void refuse_existing_run() const;
    void prepare_directory();
    void open_output();
    void advance_one_frame();
    void store_frame();
    void fill(store::Frame& frame, Ballot& mine);
    void check_finite();
    void throw_if_not_finite(const Ballot& ballot) const;
    Ballot vote(Ballot mine);
    /// Agrees with the other ranks on going on: throws if any failed, publishes what all have
    /// flushed, notes a stop.
    Ballot agree_to_go_on(const Ballot& mine = {});
    void show_progress();
    /// Writer thread of a collective file: tells the error and ends every rank.
    void end_job(const std::exception_ptr& error) const;
    Report summed_report() const;
    void write_results(const Report& report);
    void note(const std::string& text) const;
    bool is_root() const noexcept { return comm_.rank() == 0; }

    const config::Config& config_;
    const mpi::Communicator& comm_;
    const RunOptions& options_;
    store::RunDirectory directory_;
    bool owns_directory_ = false; // this launch may write reports into it
    std::optional<Plan> plan_;
    kernel::Isa isa_ = kernel::Isa::baseline;
    std::optional<simulation::Simulation> simulation_;
    store::FrameLayout layout_;
    std::optional<mpi::FileErrorWatch> file_errors_; // of a collective file
    std::optional<Writer> writer_;
    bool writing_ = false;                    // every rank has its writer
    std::exception_ptr pending_;              // this rank's error, told at the next vote
    std::vector<store::FrameRecord> records_; // of all frames pushed
    core::AlignedBuffer<std::byte> scratch_;  // one field, for checking when nothing is stored
    Progress progress_;
    core::Stopwatch since_check_;
    core::Stopwatch loop_;

    int stop_signal_ = 0;
    core::Index group_steps_ = 1; // steps between two votes; the same on every rank
    double seconds_per_step_ = 0.0;
    double loop_s_ = 0.0;
    double copy_s_ = 0.0;
    double copy_cpu_s_ = 0.0;
};

} // namespace morphogen::run
