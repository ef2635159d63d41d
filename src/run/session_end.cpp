#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/run/signals.hpp"

#include "session.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <span>
#include <tuple>

// What happens after the last step, well or not.
namespace morphogen::run {

void Session::finish() {
    if (!writing_) {
        writer_.reset(); // not every rank has one: nothing was pushed
        return;
    }
    const auto attempt = [&](auto&& work) {
        try {
            work();
        } catch (...) {
            if (!pending_) pending_ = std::current_exception();
        }
    };
    // Each rank stores what it was given; frames count up to the slowest, or up to the one that
    // failed.
    attempt([&] { writer_->drain(); });
    const Ballot drained = vote({});
    writer_->publish(drained.flushed);
    const auto close = [&](const Ballot& ballot) {
        attempt([&] {
            writer_->close(ballot.failed ? Writer::Ending::unfinished : Writer::Ending::whole);
        });
    };
    // Rank 0's frames.h5 counts as whole only once every part is; a shared file is closed by all at
    // once.
    const bool root_last = config_.output.layout == config::Layout::parts;
    if (!root_last || !is_root()) close(drained);
    const Ballot closed = vote({});
    if (root_last && is_root()) close(closed);
    mpi::agree_on_failure(comm_, pending_);
}

void Session::end_job(const std::exception_ptr& error) const {
    std::string text = "unknown error";
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        text = e.what();
    } catch (...) {
    }
    // The other ranks sit in a collective call that this one will never make.
    std::fputs(fmt::format("morphogen: {} (rank {})\n", text, comm_.rank()).c_str(), stderr);
    std::fflush(stderr);
    comm_.abort(static_cast<int>(core::ExitCode::failed));
}

Report Session::summed_report() const {
    Report r;
    r.ranks = comm_.size();
    r.cells = core::volume(config_.grid.shape);
    r.isa = kernel::name_of(isa_);
    if (plan_) {
        r.compute_threads = plan_->compute_threads;
        r.io_threads = config_.output.enabled ? plan_->io_threads : 0;
    }
    if (writer_ && config_.output.enabled) r.writer = writer_->figures();
    r.launches = start_.launches_before + 1;
    WriterFigures& w = r.writer;
    std::array maxima{options_.started.seconds(),
                      simulation_ ? simulation_->compute_seconds() : 0.0,
                      simulation_ ? simulation_->halo_seconds() : 0.0,
                      copy_s_,
                      w.stall_s,
                      w.busy_s,
                      w.idle_s,
                      w.write_s,
                      w.sync_s,
                      w.queue_mean,
                      static_cast<double>(core::peak_rss_bytes()),
                      loop_s_};
    std::array sums{w.compress_cpu_s, w.write_cpu_s, copy_cpu_s_};
    // Other ranks know what rank 0 was to publish, not whether it did.
    const core::Index committed = !writer_ ? start_.stored : is_root() ? writer_->committed() : 0;
    std::array<std::int64_t, 5> counts{simulation_ ? simulation_->step() : start_.step, committed,
                                       w.queue_capacity, w.queue_max, w.buffers_allocated};
    std::array bytes{static_cast<std::int64_t>(w.bytes_raw),
                     static_cast<std::int64_t>(w.bytes_stored)};
    comm_.allreduce(std::span<double>(maxima), mpi::Op::max);
    comm_.allreduce(std::span<double>(sums), mpi::Op::sum);
    comm_.allreduce(std::span<std::int64_t>(counts), mpi::Op::max);
    comm_.allreduce(std::span<std::int64_t>(bytes), mpi::Op::sum);
    double peak = 0.0;
    double loop = 0.0;
    std::tie(r.wall_s, r.compute_s, r.halo_s, r.copy_s, w.stall_s, w.busy_s, w.idle_s, w.write_s,
             w.sync_s, w.queue_mean, peak, loop) = std::tuple_cat(maxima);
    std::tie(w.compress_cpu_s, w.write_cpu_s, r.copy_cpu_s) = std::tuple_cat(sums);
    std::tie(r.steps, r.frames, w.queue_capacity, w.queue_max, w.buffers_allocated) =
        std::tuple_cat(counts);
    w.bytes_raw = static_cast<std::uint64_t>(bytes[0]);
    w.bytes_stored = static_cast<std::uint64_t>(bytes[1]);
    r.peak_rss_bytes = static_cast<std::uint64_t>(peak);
    r.launch_steps = simulation_ ? r.steps - start_.step : 0;
    if (loop > 0.0)
        r.cells_per_s = static_cast<double>(r.cells) * static_cast<double>(r.launch_steps) / loop;
    if (checkpointer_) {
        r.checkpoints = checkpointer_->count();
        r.checkpoint_step = checkpointer_->last_step();
        r.checkpoint_copy_s = comm_.allreduce(checkpointer_->copy_seconds(), mpi::Op::max);
        r.checkpoint_delay_s = comm_.allreduce(checkpoint_delay_s_, mpi::Op::max);
        r.checkpoint_s = comm_.allreduce(checkpointer_->last_seconds(), mpi::Op::max);
    }
    return r;
}

Report Session::conclude(const std::string& error) {
    Report report = summed_report();
    report.error = error;
    // A signal after the last step stopped nothing.
    const bool is_whole = is_finished_before() || report.steps == last_step();
    if (error.empty()) report.exit = is_stopping() && !is_whole ? "stopped" : "finished";
    if (report.exit == "stopped")
        report.error = fmt::format(
            "stopped by {} at step {} with a checkpoint; {} of {} frames are stored; go on with "
            "--resume",
            stop_reason_, report.steps, report.frames, config_.total_frames());
    // The launch that finished the run has reported, unless it was killed before.
    bool reports = owns_directory_;
    if (is_finished_before()) // rank 0 alone looks: it is also the one that writes the file
        reports = comm_.any_of(is_root() && !is_reported_finished());
    if (reports) {
        const auto write = [&] { write_results(report); };
        // After a failure the first error is the one to tell: a full disk also refuses the report.
        if (error.empty())
            mpi::run_collectively(comm_, write);
        else
            try {
                write();
            } catch (const core::Error&) {
            }
    }
    return report;
}

bool Session::is_reported_finished() const {
    std::ifstream in(directory_.report());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return text.find("\"exit\": \"finished\"") != std::string::npos;
}

void Session::write_results(const Report& report) {
    if (!is_root()) return;
    if (lock_) lock_->watch().look(); // no report into somebody else's directory
    const auto committed = std::min(static_cast<std::size_t>(report.frames), records_.size());
    if (committed > 0)
        store::write_xdmf(config_, directory_, layout_, std::span(records_).first(committed));
    core::replace_file(directory_.report(), to_json(report), core::Durability::none);
}

} // namespace morphogen::run
