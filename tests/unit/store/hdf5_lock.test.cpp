#include "morphogen/store/hdf5_lock.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace morphogen;

TEST_CASE("locks are given in the order in which they were asked for") {
    const test::Watchdog dog("turns");
    std::atomic<bool> waiting{false};
    std::atomic<bool> inside{false};
    std::thread other;
    {
        const store::Hdf5Lock mine;
        other = std::thread([&] {
            waiting = true;
            const store::Hdf5Lock theirs;
            inside = true;
        });
        while (!waiting)
            std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        CHECK_FALSE(inside);
    }
    { // asked for later: the other one has been inside
        const store::Hdf5Lock again;
        CHECK(inside);
    }
    other.join();
}

TEST_CASE("each of many that wait for the lock is let in, in turn") {
    const test::Watchdog dog("many wait");
    bool in_turn = false; // in one round at least: a busy machine may hold up one before it asks
    for (int round = 0; round < 5; ++round) {
        std::vector<int> order; // guarded by the lock itself
        std::vector<std::thread> threads;
        {
            const store::Hdf5Lock mine;
            for (int i = 0; i < 6; ++i) {
                std::atomic<bool> asks{false};
                threads.emplace_back([&asks, &order, i] {
                    asks = true;
                    const store::Hdf5Lock theirs;
                    order.push_back(i);
                });
                while (!asks)
                    std::this_thread::yield();
                std::this_thread::sleep_for(std::chrono::milliseconds(20)); // it has asked by now
            }
        }
        for (std::thread& thread : threads)
            thread.join();
        CHECK(order.size() == 6);
        in_turn |= order == std::vector<int>{0, 1, 2, 3, 4, 5};
    }
    CHECK(in_turn);
}
