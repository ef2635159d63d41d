#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/kernel/geometry.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/process_grid.hpp"
#include "morphogen/mpi/request.hpp"

#include <cstddef>
#include <vector>

namespace morphogen::simulation {

/// The halo on one side (face, edge or corner) of a block, in cells of the block.
struct HaloLink {
    int peer = 0;           // the rank that owns those cells
    int tag_in = 0;         // of the message that brings them
    int tag_out = 0;        // of the message that the peer wants in return
    core::Box inside;       // my cells that the peer wants
    core::Box outside;      // the halo that the peer's cells fill
    core::Box wraps_from;   // where `outside` repeats my own cells, if peer is this rank
    std::size_t offset = 0; // of the message in either buffer, bytes
    std::size_t bytes = 0;  // of the message: u, then v
};

/// One link per neighbour of @p rank, corners included: 8 in 2-D, 26 in 3-D, fewer at edges.
std::vector<HaloLink> make_halo_links(const mpi::ProcessGrid& grid, int rank, bool periodic,
                                      core::Index depth, std::size_t cell_bytes);

/// Fills the halos of a block's fields, `depth` cells deep, from the neighbours: `start`, other
/// work that reads no halo, `finish`. One message per neighbour holds u and v; a neighbour that is
/// the rank itself (periodic axis of one rank) is copied. Main thread only.
template <typename T>
class HaloExchange {
public:
    HaloExchange(const mpi::Communicator& comm, const mpi::ProcessGrid& grid, bool periodic,
                 core::Index depth, int threads);

    /// Packs and sends, and fills what needs no message.
    void start(const kernel::Fields<T>& fields);
    /// Lets MPI move data while others compute.
    void progress() noexcept { requests_.progress(); }
    /// Waits and unpacks.
    void finish(const kernel::Fields<T>& fields);

    bool has_messages() const noexcept { return !requests_.empty(); }
    std::size_t buffer_bytes() const noexcept { return outgoing_.size() + incoming_.size(); }

private:
    enum class Direction { pack, unpack };
    void copy_messages(const kernel::Fields<T>& fields, Direction direction);
    void wrap_around(const kernel::Fields<T>& fields) const;

    std::vector<HaloLink> messages_;
    std::vector<HaloLink> wraps_;
    core::AlignedBuffer<std::byte> outgoing_;
    core::AlignedBuffer<std::byte> incoming_;
    int threads_;
    mpi::RequestSet requests_; // last: it refers to the buffers
};

} // namespace morphogen::simulation
