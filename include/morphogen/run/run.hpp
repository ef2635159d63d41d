#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/run/progress.hpp"
#include "morphogen/run/report.hpp"
#include "morphogen/run/writer.hpp"
#include "morphogen/simulation/simulation.hpp"
#include "morphogen/store/frame_sink.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace morphogen::run {

/// What the host program decides about a run.
struct RunOptions {
    bool resume = false; // go on with the run that the directory holds, from its last checkpoint
    bool force =
        false; // replace that run; resumed: go on though the instruction set's kind differs
    Progress::Mode progress = Progress::Mode::silent;
    std::function<int()>
        stop_signal; // returns a signal number once the run shall stop; may be empty
    std::function<bool()> checkpoint_request;     // true once for each request; may be empty
    std::function<void(const std::string&)> note; // rank 0's remarks to the user; may be empty
    /// Benchmarks: what this gives is written to instead of the run's own sink, which it is given.
    std::function<std::unique_ptr<store::FrameSink>(std::unique_ptr<store::FrameSink>)> wrap_sink;
    WriterProbe probe;                  // tests: called at each stage of the writer
    simulation::SweepProbe sweep_probe; // tests: called before each visit to the block's cells
    /// Without, that of MORPHOGEN_TILING. On every rank or on none; rank 0's counts.
    std::optional<simulation::TilingPolicy> tiling;
    core::Stopwatch started; // counts wall_s from here
};

/// Runs a simulation to its end: collective over @p comm, one thread (the caller's) per rank, plus
/// a writer thread with its own team. Creates the directory, stores every frame, writes report.json
/// whatever happens. Before and after the call the host program may call HDF5 freely; during it,
/// not at all.
/// @returns the report (the same on every rank).
/// @throws mpi::AgreedError on every rank together, once everything committed is safe on disk.
Report run_simulation(const config::Config& config, const mpi::Communicator& comm,
                      const RunOptions& options = {});

} // namespace morphogen::run
