#pragma once

#include "morphogen/mpi/communicator.hpp"
#include "morphogen/parallel/share_cores.hpp"

#include <cstdint>

namespace morphogen::run {

/// What a rank finds on its node.
struct NodeResources {
    int cores = 1;            // this rank may run on
    int share = 1;            // of them that are its own if all the node's ranks take theirs
    int ranks = 1;            // of this job on the node
    std::uint64_t memory = 0; // bytes that the node's ranks may use together
};

/// Collective over @p comm.
NodeResources find_node_resources(const mpi::Communicator& comm);

/// parallel::share_cores() for this rank of @p node, whose ranks share a machine, each with
/// @p mine. Collective.
int share_of_cores(const mpi::Communicator& node, const parallel::CoreRights& mine);

} // namespace morphogen::run
