#include "morphogen/parallel/produce_consume.hpp"

#include "morphogen/parallel/error_collector.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace morphogen;
using core::Index;
using parallel::produce_consume;
using parallel::Team;
using namespace std::chrono_literals;

namespace {

/// Runs it and checks all that produce_consume() promises about who owns which slot when.
struct Checked {
    Index n;
    Index slots;
    std::vector<std::atomic<int>> produced;
    std::vector<std::atomic<Index>> owner; // of a slot: item + 1, or 0
    std::vector<int> consumed;
    std::atomic<Index> begun{0};
    std::atomic<int> wrong{0};
    std::thread::id host = std::this_thread::get_id();

    Checked(Index items, Index slot_count)
        : n(items), slots(slot_count), produced(static_cast<std::size_t>(n)),
          owner(static_cast<std::size_t>(slots)), consumed(static_cast<std::size_t>(n)) {}

    void produce(Index item, int thread, Index slot, int threads) {
        if (item < 0 || item >= n || slot < 0 || slot >= slots || thread < 0 || thread >= threads)
            ++wrong;
        if (++produced[static_cast<std::size_t>(item)] != 1) ++wrong;
        if (owner[static_cast<std::size_t>(slot)].exchange(item + 1) != 0) ++wrong;
        ++begun;
    }
    void consume(Index item, Index slot) {
        if (std::this_thread::get_id() != host) ++wrong;
        if (owner[static_cast<std::size_t>(slot)].exchange(0) != item + 1) ++wrong;
        if (consumed[static_cast<std::size_t>(item)]++ != 0) ++wrong;
    }
    Index total() const { return std::count(consumed.begin(), consumed.end(), 1); }
};

} // namespace

TEST_CASE("every item is produced once and consumed once on the host") {
    const test::Watchdog dog("produce_consume");
    for (const int threads : {1, 2, 3, 5}) {
        Team team(threads);
        for (const Index slots : {1, 2, 3, 8})
            for (const Index n : {0, 1, 2, 7, 100}) {
                Checked check(n, slots);
                produce_consume(
                    team, n, slots,
                    [&](Index item, int thread, Index slot) {
                        check.produce(item, thread, slot, threads);
                    },
                    [&](Index item, Index slot) { check.consume(item, slot); });
                CHECK(check.wrong == 0);
                CHECK(check.total() == n);
            }
    }
}

TEST_CASE("a team of one alternates") {
    Team team(1);
    std::vector<Index> order;
    produce_consume(
        team, 3, 2, [&](Index item, int, Index) { order.push_back(item); },
        [&](Index item, Index) { order.push_back(10 + item); });
    CHECK(order == std::vector<Index>{0, 10, 1, 11, 2, 12});
}
