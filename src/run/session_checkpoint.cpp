#include "morphogen/mpi/agreement.hpp"

#include "session.hpp"

#include <algorithm>
#include <variant>

// Checkpoints in the course of a launch, and at its end.
namespace morphogen::run {

void Session::write_checkpoint_if_wanted() {
    if (!checkpoint_wanted_ || checkpointer_->is_busy()) return; // busy: when that one is done
    checkpoint_wanted_ = false;
    begin_checkpoint();
}

void Session::begin_checkpoint() {
    const core::Stopwatch watch;
    Ballot mine;
    if (!pending_) pending_ = mpi::capture([&] { mine.fields = checkpointer_->copy(); });
    throw_if_not_finite(agree_to_go_on(mine));
    checkpointer_->begin(next_frame_, *writer_);
    checkpoint_delay_s_ += watch.seconds();
}

void Session::wait_for_checkpoint() {
    while (checkpointer_->is_busy()) {
        if (!pending_) pending_ = mpi::capture([&] { writer_->wait_for_job(); });
        agree_to_go_on();
    }
}

/// What a stopped run resumes from, and a finished one that shall get more frames.
void Session::write_last_checkpoint() {
    const bool only_when_stopped =
        !config_.output.enabled ||
        std::holds_alternative<config::CheckpointNever>(config_.checkpoint.every);
    wait_for_checkpoint();
    if (!is_stopping() && only_when_stopped) return;
    if (checkpointer_->last_step() == simulation_->step()) return;
    begin_checkpoint();
    wait_for_checkpoint();
}

/// From the decision to stop until the last checkpoint is on disk: the steps until then, the frames
/// that wait, the checkpoint.
double Session::seconds_to_stop() const {
    if (!writing_) return 0.0;
    const double frames = static_cast<double>(writer_->queued() + 1) * writer_->seconds_per_frame();
    const double steps = static_cast<double>(group_steps_) * seconds_per_step_;
    return steps + frames + checkpointer_->expected_seconds();
}

} // namespace morphogen::run
