#pragma once

#include "store/checkpoint_format.hpp"

#include <span>

namespace morphogen::store::checkpoint {

/// The bytes of state.h5: everything but the cells, which its /u and /v take from the pieces.
std::string state_image(const CheckpointHeader& header, std::span<const core::Box> blocks);

struct State {
    CheckpointHeader header;
    std::vector<core::Box> blocks; // of each rank's piece; they tile the grid
};

/// @throws core::Error: not there, damaged, of another version
State read_state(const CheckpointEntry& entry);

} // namespace morphogen::store::checkpoint
