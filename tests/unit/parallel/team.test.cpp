#include "morphogen/parallel/team.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <omp.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace morphogen;
using parallel::Team;

TEST_CASE("a team runs every thread once and the caller as thread 0") {
    const test::Watchdog dog("team");
    for (const int size : {1, 2, 4}) {
        Team team(size);
        CHECK(team.size() == size);
        std::vector<std::atomic<int>> calls(static_cast<std::size_t>(size));
        std::thread::id zero;
        team.run([&](int thread) {
            ++calls[static_cast<std::size_t>(thread)];
            if (thread == 0) zero = std::this_thread::get_id();
        });
        for (const auto& count : calls)
            CHECK(count == 1);
        CHECK(zero == std::this_thread::get_id());
    }
}

TEST_CASE("the threads of a team run at the same time") {
    const test::Watchdog dog("team at the same time");
    Team team(3);
    std::atomic<int> there{0};
    team.run([&](int) {
        ++there;
        while (there < 3)
            std::this_thread::yield(); // hangs if one waits for another to return
    });
    CHECK(there == 3);
}

TEST_CASE("a team throws one of its errors after all have returned and works on") {
    Team team(4);
    std::atomic<int> returned{0};
    CHECK_THROWS_WITH(team.run([&](int thread) {
        ++returned;
        if (thread != 0) throw std::runtime_error("broke");
    }),
                      "broke");
    CHECK(returned == 4);
    CHECK_NOTHROW(team.run([&](int) { ++returned; }));
    CHECK(returned == 8);
    Team alone(1);
    CHECK_THROWS_WITH(alone.run([](int) { throw std::runtime_error("alone"); }), "alone");
}

TEST_CASE("a team that is granted fewer threads still runs every number once") {
    // Inside another region the runtime grants one thread (one active level is the default).
    const int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(1);
    Team outer(2);
    std::atomic<int> wrong{0};
    outer.run([&](int) {
        Team inner(3);
        std::vector<int> calls(3, 0);
        inner.run([&](int thread) { ++calls[static_cast<std::size_t>(thread)]; });
        if (calls != std::vector<int>{1, 1, 1}) ++wrong;
    });
    omp_set_max_active_levels(levels);
    CHECK(wrong == 0);
}

TEST_CASE("two host threads run their teams at the same time") {
    const test::Watchdog dog("two hosts");
    std::atomic<int> total{0};
    const auto host = [&] {
        Team team(2);
        for (int i = 0; i < 200; ++i)
            team.run([&](int) { ++total; });
    };
    std::thread other(host);
    host();
    other.join();
    CHECK(total == 2 * 2 * 200);
}
