#include "simulation/halo_exchange.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace morphogen::simulation {
namespace {

using core::Box;
using core::Extents;
using core::Index;
using Direction3 = std::array<int, 3>;

constexpr std::size_t alignment = core::AlignedBuffer<std::byte>::alignment;
constexpr std::size_t bytes_worth_a_team = std::size_t{1} << 17; // bytes: some 10 us of copying

int tag_of(const Direction3& d) noexcept {
    return (d[0] + 1) * 9 + (d[1] + 1) * 3 + d[2] + 1;
}

Direction3 opposite(const Direction3& d) noexcept {
    return {-d[0], -d[1], -d[2]};
}

/// My cells next to the side in direction @p d.
Box inside_of(const Extents& n, const Direction3& d, Index depth) noexcept {
    Box box{{}, n};
    for (std::size_t a = 0; a < 3; ++a) {
        if (d[a] < 0) box.hi[a] = depth;
        if (d[a] > 0) box.lo[a] = n[a] - depth;
    }
    return box;
}

/// The halo beyond that side.
Box outside_of(const Extents& n, const Direction3& d, Index depth) noexcept {
    Box box{{}, n};
    for (std::size_t a = 0; a < 3; ++a) {
        if (d[a] < 0) box.lo[a] = -depth, box.hi[a] = 0;
        if (d[a] > 0) box.lo[a] = n[a], box.hi[a] = n[a] + depth;
    }
    return box;
}

std::vector<Direction3> directions() {
    std::vector<Direction3> all;
    for (int z = -1; z <= 1; ++z)
        for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x)
                if (z != 0 || y != 0 || x != 0) all.push_back({z, y, x});
    return all;
}

} // namespace

std::vector<HaloLink> make_halo_links(const mpi::ProcessGrid& grid, int rank, bool periodic,
                                      Index depth, std::size_t cell_bytes) {
    const Extents n = grid.block(rank).shape();
    std::vector<HaloLink> links;
    for (const Direction3& d : directions()) {
        const std::optional<int> peer = grid.neighbour(rank, d, periodic);
        if (!peer) continue;
        const Direction3 back = opposite(d);
        // The peer sends what lies on its side towards me: its direction is `back`.
        HaloLink link{.peer = *peer,
                      .tag_in = tag_of(back),
                      .tag_out = tag_of(d),
                      .inside = inside_of(n, d, depth),
                      .outside = outside_of(n, d, depth),
                      .wraps_from = inside_of(n, back, depth)};
        link.bytes = 2 * static_cast<std::size_t>(core::volume(link.outside.shape())) * cell_bytes;
        MORPHOGEN_EXPECT(link.inside.shape() == link.outside.shape());
        links.push_back(link);
    }
    return links;
}

template <typename T>
HaloExchange<T>::HaloExchange(const mpi::Communicator& comm, const mpi::ProcessGrid& grid,
                              bool periodic, Index depth, int threads)
    : threads_(threads) {
    std::size_t size = 0;
    for (HaloLink& link : make_halo_links(grid, comm.rank(), periodic, depth, sizeof(T))) {
        if (link.peer == comm.rank()) {
            wraps_.push_back(link);
            continue;
        }
        link.offset = size;
        size += (link.bytes + alignment - 1) / alignment * alignment;
        messages_.push_back(link);
    }
    outgoing_ = core::AlignedBuffer<std::byte>(size);
    incoming_ = core::AlignedBuffer<std::byte>(size);
    for (const HaloLink& link : messages_) // receives first: what arrives finds its place
        requests_.add_receive(comm, incoming_.span().subspan(link.offset, link.bytes), link.peer,
                              link.tag_in);
    for (const HaloLink& link : messages_)
        requests_.add_send(comm, outgoing_.span().subspan(link.offset, link.bytes), link.peer,
                           link.tag_out);
}

template <typename T>
void HaloExchange<T>::start(const kernel::Fields<T>& fields) {
    copy_messages(fields, Direction::pack);
    requests_.start_all();
    wrap_around(fields);
}

template <typename T>
void HaloExchange<T>::finish(const kernel::Fields<T>& fields) {
    requests_.wait_all();
    copy_messages(fields, Direction::unpack);
}

template <typename T>
void HaloExchange<T>::copy_messages(const kernel::Fields<T>& fields, Direction direction) {
    const std::array<const core::View3<T>*, 2> views{&fields.u, &fields.v};
#pragma omp parallel num_threads(threads_) if (outgoing_.size() > bytes_worth_a_team)
    for (const HaloLink& link : messages_) {
        const Box& box = direction == Direction::pack ? link.inside : link.outside;
        const Extents n = box.shape();
        const Index rows = n[0] * n[1];
        const std::size_t row_bytes = static_cast<std::size_t>(n[2]) * sizeof(T);
#pragma omp for schedule(static) nowait
        for (Index row = 0; row < 2 * rows; ++row) {
            const core::View3<T>& view = *views[static_cast<std::size_t>(row / rows)];
            const Index z = box.lo[0] + row % rows / n[1];
            const Index y = box.lo[1] + row % n[1];
            T* cells = &view(z, y, box.lo[2]);
            const std::size_t at = link.offset + static_cast<std::size_t>(row) * row_bytes;
            if (direction == Direction::pack)
                std::memcpy(outgoing_.data() + at, cells, row_bytes);
            else
                std::memcpy(cells, incoming_.data() + at, row_bytes);
        }
    }
}

template <typename T>
void HaloExchange<T>::wrap_around(const kernel::Fields<T>& fields) const {
    const std::array<const core::View3<T>*, 2> views{&fields.u, &fields.v};
    std::size_t bytes = 0;
    for (const HaloLink& link : wraps_)
        bytes += link.bytes;
#pragma omp parallel num_threads(threads_) if (bytes > bytes_worth_a_team)
    for (const HaloLink& link : wraps_) {
        const Box& to = link.outside;
        const Box& from = link.wraps_from;
        const Extents n = to.shape();
        const Index rows = n[0] * n[1];
#pragma omp for schedule(static) nowait
        for (Index row = 0; row < 2 * rows; ++row) {
            const core::View3<T>& view = *views[static_cast<std::size_t>(row / rows)];
            const Index z = row % rows / n[1];
            const Index y = row % n[1];
            std::memcpy(&view(to.lo[0] + z, to.lo[1] + y, to.lo[2]),
                        &view(from.lo[0] + z, from.lo[1] + y, from.lo[2]),
                        static_cast<std::size_t>(n[2]) * sizeof(T));
        }
    }
}

template class HaloExchange<float>;
template class HaloExchange<double>;

} // namespace morphogen::simulation
