#include "simulation/halo_exchange.hpp"

#include "catch.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

using morphogen::core::Box;
using morphogen::core::Extents;
using morphogen::core::Index;
using morphogen::mpi::ProcessGrid;
using morphogen::simulation::HaloLink;
using morphogen::simulation::make_halo_links;

namespace {

/// The cells of a box of a block, numbered in the grid (wrapped where it is periodic), row-major.
std::vector<Index> cells_of(const Box& box, const Box& block, const Extents& n) {
    std::vector<Index> cells;
    for (Index z = box.lo[0]; z < box.hi[0]; ++z)
        for (Index y = box.lo[1]; y < box.hi[1]; ++y)
            for (Index x = box.lo[2]; x < box.hi[2]; ++x)
                cells.push_back(
                    (((block.lo[0] + z + n[0]) % n[0]) * n[1] + (block.lo[1] + y + n[1]) % n[1]) *
                        n[2] +
                    (block.lo[2] + x + n[2]) % n[2]);
    return cells;
}

/// Every message is awaited, brings the cells that the halo stands for, and tags do not meet.
void check_links(const ProcessGrid& grid, bool periodic, Index depth) {
    for (int rank = 0; rank < grid.size(); ++rank) {
        std::set<std::pair<int, int>> awaited;
        for (const HaloLink& link : make_halo_links(grid, rank, periodic, depth, 4)) {
            const auto wanted = cells_of(link.outside, grid.block(rank), grid.global());
            REQUIRE(awaited.insert({link.peer, link.tag_in}).second);
            REQUIRE(link.bytes == 2 * 4 * wanted.size());
            if (link.peer == rank) {
                REQUIRE(cells_of(link.wraps_from, grid.block(rank), grid.global()) == wanted);
                continue;
            }
            const auto theirs = make_halo_links(grid, link.peer, periodic, depth, 4);
            const auto sent = std::find_if(theirs.begin(), theirs.end(), [&](const HaloLink& l) {
                return l.peer == rank && l.tag_out == link.tag_in;
            });
            REQUIRE(sent != theirs.end());
            REQUIRE(cells_of(sent->inside, grid.block(link.peer), grid.global()) == wanted);
        }
    }
}

} // namespace

TEST_CASE("each halo is filled by the rank that owns its cells") {
    for (const bool periodic : {false, true}) {
        for (const std::vector<Index>& ranks :
             {std::vector<Index>{1, 1}, {1, 2}, {3, 1}, {2, 2}, {3, 2}, {4, 3}})
            check_links(ProcessGrid::from({1, 14, 17}, 2, ranks, ranks[0] * ranks[1]), periodic, 3);
        for (const std::vector<Index>& ranks :
             {std::vector<Index>{1, 1, 1}, {2, 1, 1}, {1, 2, 3}, {3, 2, 2}, {3, 3, 3}})
            check_links(ProcessGrid::from({7, 8, 9}, 3, ranks, ranks[0] * ranks[1] * ranks[2]),
                        periodic, 2);
    }
}

TEST_CASE("all neighbours are linked, corners too") {
    const ProcessGrid nine = ProcessGrid::from({1, 9, 9}, 2, std::vector<Index>{3, 3}, 9);
    CHECK(make_halo_links(nine, 4, false, 2, 8).size() == 8);
    CHECK(make_halo_links(nine, 0, false, 2, 8).size() == 3);
    CHECK(make_halo_links(nine, 0, true, 2, 8).size() == 8);
    const ProcessGrid many = ProcessGrid::from({9, 9, 9}, 3, std::vector<Index>{3, 3, 3}, 27);
    CHECK(make_halo_links(many, 13, false, 1, 8).size() == 26);
    CHECK(make_halo_links(ProcessGrid::choose({1, 9, 9}, 2, 1), 0, false, 2, 8).empty());
    CHECK(make_halo_links(ProcessGrid::choose({1, 9, 9}, 2, 1), 0, true, 2, 8).size() == 8);
}
