#include "morphogen/parallel/share_cores.hpp"

#include "catch.hpp"

#include <vector>

using namespace morphogen::parallel;
using Shares = std::vector<int>;

namespace {

CoreRights cores(int first, int last, std::vector<CpuLimit> limits = {}) {
    CoreRights rights{{}, std::move(limits)};
    for (int core = first; core <= last; ++core)
        rights.cores.add(core);
    return rights;
}

Shares shares(const std::vector<CoreRights>& processes) {
    return share_cores(processes);
}

CpuLimit limit(std::uint64_t group, double cores) {
    return {.device = 30, .inode = group, .cores = cores};
}

} // namespace

TEST_CASE("processes with cores of their own take all of them") {
    CHECK(shares({cores(0, 31)}) == Shares{32});
    CHECK(shares({cores(0, 31), cores(32, 63)}) == Shares{32, 32});
    CHECK(shares({cores(1000, 1999), cores(0, 0)}) == Shares{1000, 1});
    CHECK(shares({}).empty());
}

TEST_CASE("processes divide the cores that they share, and only these") {
    CHECK(shares({cores(0, 31), cores(0, 31)}) == Shares{16, 16}); // of 64, say
    CHECK(shares({cores(0, 0), cores(0, 0)}) == Shares{1, 1});
    CHECK(shares({cores(0, 2), cores(0, 2), cores(0, 2)}) == Shares{1, 1, 1});
    CHECK(shares({cores(0, 4), cores(0, 4)}) == Shares{2, 2});
    // Two ranks on each of two sockets.
    CHECK(shares({cores(0, 15), cores(16, 31), cores(0, 15), cores(16, 31)}) == Shares{8, 8, 8, 8});
    CHECK(shares({cores(0, 15), cores(15, 15)}) == Shares{15, 1});
}

TEST_CASE("a limit of CPU time is divided among the processes of its group") {
    const CoreRights four = cores(0, 63, {limit(7, 4)});
    CHECK(shares({four}) == Shares{4});
    CHECK(shares({four, four, four, four}) == Shares{1, 1, 1, 1});
    CHECK(shares({four, four, four, four, four}) == Shares{1, 1, 1, 1, 1});
    // Whatever their cores.
    CHECK(shares({cores(0, 15, {limit(7, 6)}), cores(16, 31, {limit(7, 6)})}) == Shares{3, 3});
    // A group each, in one that allows less.
    CHECK(shares({cores(0, 63, {limit(1, 3), limit(9, 4)}), //
                  cores(0, 63, {limit(2, 3), limit(9, 4)})}) == Shares{2, 2});
    // Containers with nothing in common.
    CHECK(shares({cores(0, 63, {limit(1, 3)}), cores(0, 63, {limit(2, 8)})}) == Shares{3, 8});
}

TEST_CASE("a part of a core is worth a thread to one process alone") {
    CHECK(shares({cores(0, 7, {limit(1, 1.5)})}) == Shares{2});
    CHECK(shares({cores(0, 7, {limit(1, 0.2)})}) == Shares{1});
    CHECK(shares({cores(0, 7, {limit(1, 3)}), cores(0, 7, {limit(1, 3)})}) == Shares{1, 1});
}

TEST_CASE("this process has cores") {
    const CoreRights rights = CoreRights::of_this_process();
    CHECK(rights.cores.count() >= 1);
    CHECK(shares({rights}) == Shares{usable_cores()});
}
