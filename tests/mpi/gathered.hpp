#pragma once

#include "morphogen/mpi/communicator.hpp"
#include "morphogen/simulation/simulation.hpp"

#include <cstddef>
#include <cstring>
#include <vector>

/// The whole grid of one field, row-major bytes, on every rank. Collective.
inline std::vector<std::byte> gathered(const morphogen::simulation::Simulation& sim,
                                       const morphogen::mpi::Communicator& comm,
                                       morphogen::core::Field field) {
    using morphogen::core::Index;
    std::vector<std::byte> mine(sim.field_bytes());
    sim.copy_out(field, mine);
    const std::vector<std::byte> all = comm.gather(mine);
    const auto cell = static_cast<Index>(morphogen::core::bytes_of(sim.precision()));
    const auto& n = sim.global();
    std::vector<std::byte> whole(static_cast<std::size_t>(morphogen::core::volume(n) * cell));
    const std::byte* at = all.data();
    for (int rank = 0; comm.is_root() && rank < comm.size(); ++rank) {
        const morphogen::core::Box b = sim.grid().block(rank);
        const Index row = b.shape()[2] * cell;
        for (Index z = b.lo[0]; z < b.hi[0]; ++z)
            for (Index y = b.lo[1]; y < b.hi[1]; ++y, at += row)
                std::memcpy(whole.data() + ((z * n[1] + y) * n[2] + b.lo[2]) * cell, at,
                            static_cast<std::size_t>(row));
    }
    comm.broadcast(whole);
    return whole;
}
