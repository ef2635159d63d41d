#include "checkpointer.hpp"

#include "morphogen/config/load.hpp"
#include "morphogen/core/contract.hpp"

#include <utility>
#include <variant>

namespace morphogen::run {
namespace {

constexpr core::Index phases = 2;               // of a checkpoint
constexpr double pessimistic_bytes_per_s = 5e7; // of one rank, to a busy file system

} // namespace

core::Durability durability(const config::Config& config) {
    return config.output.sync == config::Sync::never ? core::Durability::none
                                                     : core::Durability::synced;
}

Checkpointer::Checkpointer(const config::Config& config, store::RunDirectory directory,
                           const mpi::Communicator& comm, const simulation::Simulation& simulation,
                           kernel::Isa isa)
    : config_(config), directory_(std::move(directory)), comm_(comm), simulation_(simulation),
      blocks_(store::all_blocks(simulation.block(), comm)),
      header_{.dims = config.grid.dims,
              .global = simulation.global(),
              .spacing = config.grid.spacing,
              .precision = simulation.precision(),
              .isa = std::string(kernel::name_of(isa)),
              .fma = kernel::uses_fma(isa),
              .config_toml = config::to_toml(config),
              .ranks = comm.size()} {}

void Checkpointer::reserve() {
    if (!state_.empty()) return;
    state_ = core::AlignedBuffer<std::byte>(2 * simulation_.field_bytes());
    // First touched by the threads that will copy, and not when the simulation waits for it.
    simulation_.copy_out(core::Field::u, field(core::Field::u));
    simulation_.copy_out(core::Field::v, field(core::Field::v));
}

std::span<std::byte> Checkpointer::field(core::Field which) {
    const std::size_t bytes = simulation_.field_bytes();
    return state_.span().subspan(which == core::Field::u ? 0 : bytes, bytes);
}

bool Checkpointer::is_due() const {
    const auto* every = std::get_if<config::CheckpointSeconds>(&config_.checkpoint.every);
    return comm_.is_root() && every && !is_busy() && since_last_.seconds() >= every->seconds;
}

bool Checkpointer::is_due_after(core::Index frames) const noexcept {
    const auto* every = std::get_if<config::CheckpointFrames>(&config_.checkpoint.every);
    return every && frames % every->frames == 0;
}

std::array<simulation::GlobalSummary, 2> Checkpointer::copy() {
    MORPHOGEN_EXPECT(!is_busy());
    reserve();
    since_copy_.restart();
    since_last_.restart();
    std::array<simulation::GlobalSummary, 2> figures;
    for (const core::Field f : {core::Field::u, core::Field::v})
        figures[static_cast<std::size_t>(f)] = simulation::globalize(
            simulation_.copy_out(f, field(f)), simulation_.block(), simulation_.global());
    copy_seconds_ += since_copy_.seconds();
    return figures;
}

void Checkpointer::begin(core::Index frames, Writer& writer) {
    MORPHOGEN_EXPECT(!is_busy());
    phase_ = Phase::storing;
    header_.step = simulation_.step();
    header_.frames = frames;
    writer.submit(
        {.after_frames = frames, .secures = true, .work = [this](const store::FrameSink& sink) {
             segment_start_ = sink.segment_start();
             const auto u = field(core::Field::u);
             const auto v = field(core::Field::v);
             store::write_checkpoint_piece(directory_, header_, comm_.rank(), simulation_.block(),
                                           u, v, durability(config_));
         }});
}

core::Index Checkpointer::my_phase(const Writer& writer) const {
    switch (phase_) {
    case Phase::idle:
        return 0;
    case Phase::storing:
        return writer.job_done() ? 1 : 0;
    case Phase::committing: // only rank 0 has something to do
        return writer.job_done() ? 2 : 1;
    }
    return 0;
}

core::Index Checkpointer::phases_done(const Writer& writer) const {
    return count_ * phases + my_phase(writer);
}

void Checkpointer::commit() {
    store::commit_checkpoint(directory_, header_, blocks_, durability(config_));
    store::rotate_checkpoints(directory_, config_.checkpoint.keep, segment_start_, header_.step);
}

void Checkpointer::proceed(core::Index done, Writer& writer) {
    const core::Index phase = done - count_ * phases;
    if (phase_ == Phase::storing && phase >= 1) {
        phase_ = Phase::committing;
        // Rank 0 has published frames since. A collective file secures all of them by itself, and
        // not for one rank alone.
        const bool own_files = comm_.size() == 1 || config_.output.layout == config::Layout::parts;
        if (comm_.is_root())
            writer.submit({.after_frames = header_.frames,
                           .secures = own_files,
                           .work = [this](const store::FrameSink&) { commit(); }});
    } else if (phase_ == Phase::committing && phase >= 2) {
        phase_ = Phase::idle;
        ++count_;
        last_step_ = header_.step;
        last_seconds_ = since_copy_.seconds();
    }
}

double Checkpointer::expected_seconds() const noexcept {
    if (count_ > 0) return last_seconds_; // it includes waits for votes, which the last has not
    return 2.0 * static_cast<double>(simulation_.field_bytes()) / pessimistic_bytes_per_s;
}

} // namespace morphogen::run
