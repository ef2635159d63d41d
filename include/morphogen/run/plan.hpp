#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/mpi/process_grid.hpp"
#include "morphogen/run/node_resources.hpp"
#include "morphogen/simulation/tiling_policy.hpp"
#include "morphogen/store/layout.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace morphogen::run {

/// What a configuration means for a number of ranks: decided and checked before anything is
/// allocated or created.
struct Plan {
    mpi::ProcessGrid grid;
    int compute_threads = 1; // per rank
    int io_threads = 1;
    int ranks_per_node = 1;

    std::uint64_t simulation_bytes = 0; // largest rank
    std::uint64_t checkpoint_bytes = 0; // largest rank: the copy of its state
    std::uint64_t writer_bytes = 0;     // largest rank: frames, compressed chunks, scratch
    std::uint64_t raw_bytes = 0;        // all frames of all ranks, before compression; 2^64-1: more

    std::uint64_t rank_bytes() const noexcept {
        return simulation_bytes + checkpoint_bytes + writer_bytes;
    }
};

/// Decides threads and the process grid and checks what depends on the number of ranks: cells per
/// rank, memory, what this layout can store.
/// @throws core::UsageError naming the key and the numbers.
Plan make_plan(const config::Config& config, int ranks, const NodeResources& node,
               const simulation::TilingPolicy& tiling);

/// For `validate`: grid, blocks, memory per rank, files and raw output, for a person.
std::string describe(const config::Config& config, const Plan& plan);

/// Bytes that one rank's writer holds at most: frame buffers, compressed chunks, per-thread
/// scratch.
std::uint64_t writer_memory(const config::Config& config, const store::FrameLayout& layout,
                            int io_threads);

} // namespace morphogen::run
