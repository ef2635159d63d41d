#include "morphogen/mpi/process_grid.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

using morphogen::core::Box;
using morphogen::core::Extents;
using morphogen::core::Index;
using morphogen::core::UsageError;
using morphogen::core::volume;
using morphogen::mpi::ProcessGrid;

namespace {

std::string usage_error_of(const Extents& global, int dims, const std::vector<Index>& requested,
                           Index ranks) {
    try {
        ProcessGrid::from(global, dims, requested, ranks);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "no error";
}

} // namespace

TEST_CASE("the chosen cut has the smallest halo surface") {
    CHECK(ProcessGrid::choose({1, 1080, 1920}, 2, 1).shape() == Extents{1, 1, 1});
    CHECK(ProcessGrid::choose({1, 1080, 1920}, 2, 2).shape() == Extents{1, 1, 2});
    CHECK(ProcessGrid::choose({1, 100, 100}, 2, 4).shape() == Extents{1, 2, 2});
    CHECK(ProcessGrid::choose({1, 8, 1000}, 2, 6).shape() == Extents{1, 1, 6});
    CHECK(ProcessGrid::choose({64, 64, 64}, 3, 8).shape() == Extents{2, 2, 2});
    CHECK(ProcessGrid::choose({64, 64, 64}, 3, 12).shape() == Extents{3, 2, 2});
}

TEST_CASE("of equal cuts the slower axis is cut") {
    CHECK(ProcessGrid::choose({1, 100, 100}, 2, 2).shape() == Extents{1, 2, 1});
    CHECK(ProcessGrid::choose({1, 100, 100}, 2, 6).shape() == Extents{1, 3, 2});
    CHECK(ProcessGrid::choose({32, 32, 32}, 3, 2).shape() == Extents{2, 1, 1});
}

TEST_CASE("a thin axis is not cut into more ranks than cells") {
    CHECK(ProcessGrid::choose({1, 2, 7}, 2, 14).shape() == Extents{1, 2, 7});
    CHECK(ProcessGrid::choose({3, 5, 2}, 3, 30).shape() == Extents{3, 5, 2});
    CHECK_THROWS_AS(ProcessGrid::choose({1, 10, 10}, 2, 11), UsageError);
    CHECK_THROWS_AS(ProcessGrid::choose({1, 2, 7}, 2, 15), UsageError);
    try {
        ProcessGrid::choose({1, 10, 10}, 2, 11);
    } catch (const UsageError& error) {
        CHECK(std::string(error.what()) ==
              "too many ranks (11 ranks, grid.shape = [10, 10]): no cut of the grid gives every "
              "rank at least one cell along each axis; start fewer ranks, or a number with smaller "
              "factors");
    }
}

TEST_CASE("a requested cut is taken or refused with the reason") {
    const std::vector<Index> requested{3, 2};
    CHECK(ProcessGrid::from({1, 9, 9}, 2, requested, 6).shape() == Extents{1, 3, 2});
    CHECK(usage_error_of({1, 9, 9}, 2, {3, 2}, 4) ==
          "process grid does not match the number of ranks (mpi.ranks = [3, 2], 4 ranks): the "
          "product of its numbers is not the number of ranks started; start 6 ranks (mpirun -n), "
          "or set mpi.ranks = \"auto\"");
    CHECK(usage_error_of({1, 9, 9}, 2, {1, 3, 2}, 6) ==
          "process grid does not match the grid (mpi.ranks = [1, 3, 2]): grid.shape has 2 axes; "
          "give as many numbers, or \"auto\"");
    CHECK(usage_error_of({1, 2, 9}, 2, {3, 2}, 6) ==
          "too many ranks along an axis (mpi.ranks = [3, 2], grid.shape = [2, 9]): every rank "
          "needs at least one cell along each axis; cut another axis, start fewer ranks, or set "
          "mpi.ranks = \"auto\"");
    // The product of these wraps around to 6 in 64 bits without the check.
    const Index huge = Index{1} << 62;
    CHECK_THROWS_AS(
        ProcessGrid::from({huge, huge, huge}, 3, std::vector<Index>{2, 11, 838488366986797801}, 6),
        UsageError);
    CHECK_THROWS_AS(ProcessGrid::from({1, 9, 9}, 2, std::vector<Index>{-3, -2}, 6), UsageError);
}

TEST_CASE("blocks cover every cell once") {
    for (const Index ranks : {1, 2, 3, 4, 6, 7, 12}) {
        const Extents global{5, 7, 13};
        const ProcessGrid grid = ProcessGrid::choose(global, 3, ranks);
        std::vector<int> owners(static_cast<std::size_t>(volume(global)), 0);
        Index thinnest = 1000;
        for (int rank = 0; rank < grid.size(); ++rank) {
            const Box block = grid.block(rank);
            REQUIRE_FALSE(block.empty());
            CHECK(grid.rank_at(grid.coordinates(rank)) == rank);
            for (std::size_t a = 0; a < 3; ++a)
                thinnest = std::min(thinnest, block.shape()[a]);
            for (Index z = block.lo[0]; z < block.hi[0]; ++z)
                for (Index y = block.lo[1]; y < block.hi[1]; ++y)
                    for (Index x = block.lo[2]; x < block.hi[2]; ++x)
                        ++owners[static_cast<std::size_t>((z * 7 + y) * 13 + x)];
        }
        CHECK(std::count(owners.begin(), owners.end(), 1) == volume(global));
        CHECK(grid.thinnest(true) == thinnest);
    }
}

TEST_CASE("neighbours end at the edge or wrap around") {
    const std::vector<Index> requested{2, 3};
    const ProcessGrid grid = ProcessGrid::from({1, 8, 9}, 2, requested, 6); // 0 1 2 / 3 4 5
    CHECK(grid.neighbour(0, {0, 0, 1}, false) == 1);
    CHECK(grid.neighbour(0, {0, 1, 1}, false) == 4);
    CHECK_FALSE(grid.neighbour(0, {0, 0, -1}, false));
    CHECK_FALSE(grid.neighbour(5, {0, 1, -1}, false));
    CHECK(grid.neighbour(0, {0, 0, -1}, true) == 2);
    CHECK(grid.neighbour(5, {0, 1, 1}, true) == 0);
    CHECK(grid.neighbour(1, {0, 1, 0}, true) == grid.neighbour(1, {0, -1, 0}, true));
    // There is nothing in front of or behind a plane, not even itself.
    CHECK_FALSE(grid.neighbour(0, {1, 0, 0}, true));
    const ProcessGrid alone = ProcessGrid::choose({1, 8, 9}, 2, 1);
    CHECK(alone.neighbour(0, {0, 1, -1}, true) == 0);
    CHECK(alone.thinnest(true) == 8);
    CHECK(alone.thinnest(false) > 1000000);
}
