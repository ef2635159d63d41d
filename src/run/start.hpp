#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/run_directory.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::run {

/// Where a launch begins.
struct Start {
    bool fresh = true;               // nothing is there to go on with
    core::Index step = 0;            // of the state to begin with
    core::Index frames = 0;          // stored before that step: number of the next frame
    core::Index stored = 0;          // committed frames, which stay
    core::Index launches_before = 0; // of this run
    bool compares = true; // frames past the checkpoint; not if the kind of instruction set differs
    std::optional<store::CheckpointEntry> checkpoint; // nothing: the initial state
    std::vector<store::FrameRecord> records;          // of the committed frames; on rank 0
};

struct ResumeRequest {
    const config::Config& config;
    const store::RunDirectory& directory;
    const mpi::Communicator& comm;
    bool fma = true;    // what this launch computes with
    bool force = false; // go on though that differs
    std::function<void(const std::string&)> note;
};

/// Looks at a directory for `run --resume`: repairs its files, finds the last checkpoint that is
/// whole and whose frames are all there; tells what it passes over. Collective.
/// @throws mpi::AgreedError on every rank: another configuration, another kind of instruction set,
/// files that cannot be read.
Start find_start(const ResumeRequest& request);

} // namespace morphogen::run
