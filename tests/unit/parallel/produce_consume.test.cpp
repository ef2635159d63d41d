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

TEST_CASE("items are consumed while others are still being produced") {
    const test::Watchdog dog("overlap");
    Team team(2);
    std::atomic<int> consumed{0};
    // The last item, on whatever thread, returns only after the first was consumed: fails if
    // consuming waited for the end. (The host may be the one that produces it: then the first one
    // was consumed before.)
    produce_consume(
        team, 8, 2,
        [&](Index item, int thread, Index) {
            if (thread != 0 && item == 7)
                while (consumed == 0)
                    std::this_thread::yield();
            std::this_thread::sleep_for(1ms);
        },
        [&](Index, Index) { ++consumed; });
    CHECK(consumed == 8);
}

TEST_CASE("an error in produce or consume cancels the rest and comes out") {
    const test::Watchdog dog("produce_consume errors");
    for (const int threads : {1, 2, 4}) {
        Team team(threads);
        for (const Index slots : {1, 2, 5})
            for (const Index bad : {0, 1, 50, 99}) {
                std::atomic<Index> begun{0};
                CHECK_THROWS_WITH(produce_consume(
                                      team, 1000, slots,
                                      [&](Index item, int, Index) {
                                          ++begun;
                                          if (item == bad) throw std::runtime_error("codec");
                                      },
                                      [&](Index, Index) {}),
                                  "codec");
                CHECK(begun <= 1000);
                Index consumed = 0;
                begun = 0;
                CHECK_THROWS_WITH(produce_consume(
                                      team, 1000, slots, [&](Index, int, Index) { ++begun; },
                                      [&](Index, Index) {
                                          if (consumed++ == bad)
                                              throw std::runtime_error("disk full");
                                      }),
                                  "disk full");
                CHECK(consumed == bad + 1);
                CHECK(begun <= bad + 1 + slots);
                Checked check(20, slots); // and the team still works
                produce_consume(
                    team, 20, slots,
                    [&](Index item, int thread, Index slot) {
                        check.produce(item, thread, slot, threads);
                    },
                    [&](Index item, Index slot) { check.consume(item, slot); });
                CHECK(check.wrong == 0);
                CHECK(check.total() == 20);
            }
    }
}

TEST_CASE("random work with random errors on two hosts at once") {
    const test::Watchdog dog("random produce_consume");
    std::atomic<int> wrong{0};
    const auto host = [&](unsigned offset) {
        test::repeat_for(500ms, [&](unsigned round) {
            const unsigned seed = 1000 * offset + round;
            test::Jitter dice(seed);
            const int threads = 1 + static_cast<int>(dice.below(4));
            const Index slots = 1 + dice.below(6);
            const Index n = dice.below(120);
            const Index bad_product = dice.below(400);
            const Index bad_meal = dice.below(400);
            Team team(threads);
            Checked check(n, slots);
            bool failed = false;
            try {
                produce_consume(
                    team, n, slots,
                    [&](Index item, int thread, Index slot) {
                        test::Jitter(seed + static_cast<unsigned>(item))();
                        if (item == bad_product) throw std::runtime_error("produce");
                        check.produce(item, thread, slot, threads);
                    },
                    [&](Index item, Index slot) {
                        test::Jitter(seed + static_cast<unsigned>(item) + 7)();
                        if (item == bad_meal) throw std::runtime_error("consume");
                        check.consume(item, slot);
                    });
            } catch (const std::runtime_error&) {
                failed = true;
            }
            const bool may_fail = bad_product < n || bad_meal < n;
            if (check.wrong != 0 || failed != may_fail || (!failed && check.total() != n)) ++wrong;
        });
    };
    std::thread other(host, 1);
    host(2);
    other.join();
    CHECK(wrong == 0);
}
