#include "session.hpp"

#include "morphogen/mpi/agreement.hpp"
#include "morphogen/run/signals.hpp"

#include "run/steps_between_votes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace morphogen::run {
namespace {

// Without frames, numbers that are not finite are looked for so often, in so small a part of the
// time.
constexpr double finite_check_period_s = 1.0;
constexpr double finite_check_part = 0.02;

} // namespace

Session::Session(const config::Config& config, const mpi::Communicator& comm,
                 const RunOptions& options)
    : config_(config), comm_(comm), options_(options), directory_{config.output.directory},
      progress_(stderr, comm.rank() == 0 ? options.progress : Progress::Mode::silent) {}

void Session::note(const std::string& text) const {
    if (is_root() && options_.note) options_.note(text);
}

void Session::simulate() {
    if (is_finished_before()) return;
    loop_.restart();
    if (config_.time.initial_frame && next_frame_ == 0) store_frame();
    while (simulation_->step() < last_step() && !is_stopping()) {
        advance_to_frame();
        if (simulation_->step() % config_.time.steps_per_frame != 0) break; // stopped on the way
        store_frame();
        show_progress();
    }
    if (!config_.output.enabled) check_finite();
    loop_s_ = loop_.seconds();
    progress_.finish();
    write_last_checkpoint();
}

void Session::advance_to_frame() {
    const core::Index per_frame = config_.time.steps_per_frame;
    core::Index left = per_frame - simulation_->step() % per_frame;
    while (left > 0) {
        const core::Index steps = steps_to_vote(left, group_steps_, simulation_->depth());
        const core::Stopwatch watch;
        // Other ranks may be in the halo exchange: they hear of it at the next vote.
        const auto failed = mpi::capture([&] { simulation_->advance(steps); });
        if (!pending_) pending_ = failed; // else the writer's came first
        seconds_per_step_ = watch.seconds() / static_cast<double>(steps);
        left -= steps;
        if (left == 0) return; // the last group's vote comes with its frame
        agree_to_go_on();
        if (is_stopping()) return;
        write_checkpoint_if_wanted();
    }
}

void Ballot::merge(Ballot& into, const Ballot& from) {
    into.failed |= from.failed;
    into.signal = std::max(into.signal, from.signal);
    into.time_is_up |= from.time_is_up;
    into.checkpoint |= from.checkpoint;
    into.finite_check |= from.finite_check;
    into.phases = std::min(into.phases, from.phases);
    into.flushed = std::min(into.flushed, from.flushed);
    into.seconds_per_step = std::max(into.seconds_per_step, from.seconds_per_step);
    for (std::size_t f = 0; f < into.fields.size(); ++f)
        simulation::merge(into.fields[f], from.fields[f]);
}

Ballot Session::vote(Ballot mine) {
    if (!pending_ && writing_)
        pending_ = mpi::capture([&] {
            writer_->check();
            if (lock_) lock_->watch().look_now_and_then();
        });
    mine.failed = pending_ != nullptr;
    mine.signal = options_.stop_signal ? options_.stop_signal() : 0;
    mine.checkpoint = options_.checkpoint_request && options_.checkpoint_request();
    if (time_limit_) mine.time_is_up = time_limit_->is_near(seconds_to_stop());
    if (checkpointer_ && writing_) {
        mine.checkpoint |= checkpointer_->is_due();
        mine.phases = checkpointer_->phases_done(*writer_);
    }
    mine.flushed = writer_ ? writer_->flushed() : 0;
    mine.seconds_per_step = seconds_per_step_;
    comm_.allreduce_struct(mine, &Ballot::merge);
    return mine;
}

Ballot Session::agree_to_go_on(const Ballot& mine) {
    const Ballot ballot = vote(mine);
    if (ballot.failed) mpi::agree_on_failure(comm_, pending_);
    if (writer_) writer_->publish(ballot.flushed);
    if (checkpointer_ && writing_) checkpointer_->proceed(ballot.phases, *writer_);
    checkpoint_wanted_ |= ballot.checkpoint;
    if (!is_stopping() && ballot.signal != 0) stop_reason_ = signal_name(ballot.signal);
    if (!is_stopping() && ballot.time_is_up) stop_reason_ = "limits.walltime";
    if (ballot.seconds_per_step > 0.0)
        group_steps_ = steps_between_votes(ballot.seconds_per_step, simulation_->depth());
    return ballot;
}

void Session::fill(store::Frame& frame, Ballot& mine) {
    const core::Stopwatch watch;
    for (std::size_t i = 0; i < layout_.fields.size(); ++i) {
        const core::Field field = layout_.fields[i];
        const auto cells =
            frame.cells.span().subspan(i * layout_.field_bytes(), layout_.field_bytes());
        const kernel::FieldSummary summary = simulation_->copy_out(field, cells);
        copy_cpu_s_ += summary.cpu_seconds;
        mine.fields[static_cast<std::size_t>(field)] =
            simulation::globalize(summary, simulation_->block(), simulation_->global());
    }
    copy_s_ += watch.seconds();
}

void Session::throw_if_not_finite(const Ballot& ballot) const {
    for (const core::Field field : {core::Field::u, core::Field::v}) {
        const auto& summary = ballot.fields[static_cast<std::size_t>(field)];
        if (!summary.is_finite())
            throw mpi::AgreedError(simulation::not_finite_message(
                field, simulation_->step(), summary, simulation_->global(), config_.grid.dims));
    }
}

void Session::store_frame() {
    if (!config_.output.enabled) {
        const double period = std::max(finite_check_period_s, check_s_ / finite_check_part);
        // Agreed on: the ranks' clocks differ.
        if (agree_to_go_on({.finite_check = since_check_.seconds() > period}).finite_check)
            check_finite();
        checkpoint_wanted_ |=
            checkpointer_->is_due_after(simulation_->step() / config_.time.steps_per_frame);
        write_checkpoint_if_wanted();
        return;
    }
    store::Frame frame;
    Ballot mine;
    if (!pending_)
        pending_ = mpi::capture([&] {
            frame = writer_->acquire();
            fill(frame, mine);
        });
    const Ballot all = agree_to_go_on(mine);
    throw_if_not_finite(all);
    push_frame(std::move(frame), all);
    checkpoint_wanted_ |= checkpointer_->is_due_after(next_frame_);
    write_checkpoint_if_wanted();
}

void Session::push_frame(store::Frame&& frame, const Ballot& all) {
    store::FrameRecord record{next_frame_++,
                              simulation_->step(),
                              static_cast<double>(simulation_->step()) * config_.physics.dt,
                              {}};
    for (const core::Field field : layout_.fields) {
        const auto& summary = all.fields[static_cast<std::size_t>(field)];
        record.statistics[static_cast<std::size_t>(field)] = {summary.cells.min, summary.cells.max,
                                                              summary.mean()};
    }
    frame.record = record;
    // Resumed, the records of stored frames were read.
    if (is_root() && record.number == static_cast<core::Index>(records_.size()))
        records_.push_back(record);
    pending_ = mpi::capture([&] { writer_->push(std::move(frame)); });
}

// Both fields, one after the other through one buffer: with nothing stored there is no frame to
// check.
void Session::check_finite() {
    since_check_.restart();
    Ballot mine;
    for (const core::Field field : {core::Field::u, core::Field::v})
        mine.fields[static_cast<std::size_t>(field)] =
            simulation::globalize(simulation_->copy_out(field, scratch_.span()),
                                  simulation_->block(), simulation_->global());
    check_s_ = since_check_.seconds();
    throw_if_not_finite(agree_to_go_on(mine));
}

void Session::show_progress() {
    const double seconds = loop_.seconds();
    const double cells = static_cast<double>(core::volume(config_.grid.shape));
    const auto steps_done = static_cast<double>(simulation_->step() - start_.step);
    const core::Index per_frame = config_.time.steps_per_frame;
    ProgressState state{.frame = simulation_->step() / per_frame,
                        .frames = config_.time.frames,
                        .first_frame = start_.step / per_frame,
                        .step = simulation_->step(),
                        .cells_per_s = cells * steps_done / seconds};
    if (writer_) {
        state.queue = writer_->queued();
        state.queue_capacity = config_.output.queue_frames;
    }
    progress_.update(state);
}

} // namespace morphogen::run
