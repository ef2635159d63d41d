#pragma once

#include "morphogen/core/box.hpp"

#include <cstdint>
#include <string>

namespace morphogen::run {

/// What the writer thread of one rank did. Seconds are wall time but for *_cpu_s, which are summed
/// over threads.
struct WriterFigures {
    double busy_s = 0.0;         // with a frame in hand
    double idle_s = 0.0;         // waiting for one
    double compress_cpu_s = 0.0; // gather, round, filter
    double write_cpu_s = 0.0;    // HDF5 and the system calls below it
    double write_s = 0.0;        // the same in wall time, without syncing
    double sync_s = 0.0;         // fsync
    core::Index queue_capacity = 0;
    core::Index queue_max = 0; // frames waiting, as seen at each push
    double queue_mean = 0.0;
    double stall_s = 0.0; // the simulation waiting for the writer
    core::Index buffers_allocated = 0;
    core::Index threads = 0;
    std::uint64_t bytes_raw = 0;
    std::uint64_t bytes_stored = 0;
};

/// report.json (SPEC section 4): the figures of one launch, summed or maximised over ranks.
struct Report {
    std::string exit = "failed"; // "finished" | "stopped" | "failed"
    std::string error;
    core::Index steps = 0;        // in all
    core::Index launch_steps = 0; // of this launch; not in the JSON
    core::Index frames = 0;       // committed, in all
    core::Index launches = 1;
    core::Index ranks = 1;
    core::Index compute_threads = 1;
    core::Index io_threads = 0;
    std::string isa;
    core::Index cells = 0;
    double wall_s = 0.0;
    double compute_s = 0.0;
    double halo_s = 0.0;
    double copy_s = 0.0;
    double copy_cpu_s = 0.0;
    double cells_per_s = 0.0; // cell updates per second of wall time
    std::uint64_t peak_rss_bytes = 0;
    core::Index checkpoints = 0;      // of this launch, that count
    core::Index checkpoint_step = -1; // of the last one; -1: none
    double checkpoint_delay_s = 0.0;  // the simulation waiting for checkpoints to be begun
    double checkpoint_copy_s = 0.0;   // of that, for copies of its state
    double checkpoint_s = 0.0;        // the last one, from its copy until it counted
    WriterFigures writer;
};

std::string to_json(const Report& report);

/// A few lines for a person: what was done, how fast, and what it waited for.
std::string summary(const Report& report);

} // namespace morphogen::run
