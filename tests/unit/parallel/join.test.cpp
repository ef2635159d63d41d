#include "morphogen/parallel/join.hpp"

#include "morphogen/parallel/team.hpp"

#include "catch.hpp"
#include "stolen.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <variant>
#include <vector>

using namespace morphogen;
using parallel::join;
using parallel::Team;
using test::soon;
using test::stolen_among;

namespace {

long sum(long from, long to) { // [from, to)
    if (to - from == 1) return from;
    const long middle = from + (to - from) / 2;
    const auto [left, right] =
        join([=] { return sum(from, middle); }, [=] { return sum(middle, to); });
    return left + right;
}

/// A chain: the first half is a leaf, the second all the rest.
int depth_of_chain(int n) {
    if (n == 0) return 0;
    return 1 + join([] {}, [=] { return depth_of_chain(n - 1); }).second;
}

/// A chain the other way round: every frame has its second half still on offer.
int deep_first_half(int n) {
    if (n == 0) return 0;
    return 1 + join([=] { return deep_first_half(n - 1); }, [] {}).first;
}

} // namespace

TEST_CASE("join outside a region calls both here, the first first") {
    std::string order;
    const auto [a, b] = join(
        [&] {
            order += 'a';
            return 1;
        },
        [&] {
            order += 'b';
            return std::string("two");
        });
    CHECK(order == "ab");
    CHECK(a == 1);
    CHECK(b == "two");
}

TEST_CASE("join gives values, references, move-only results and nothing") {
    const test::Watchdog dog("results");
    int x = 1;
    const auto check = [&] {
        auto both = join([] {}, [] {});
        static_assert(std::is_same_v<decltype(both), std::pair<std::monostate, std::monostate>>);
        auto one = join([] { return std::make_unique<int>(1); }, [] {});
        CHECK(*one.first == 1);
        auto other = join([] {}, [] { return std::make_unique<int>(2); });
        CHECK(*other.second == 2);
        auto reference = join([] { return 3; }, [&]() -> int& { return x; });
        static_assert(std::is_same_v<decltype(reference), std::pair<int, int&>>);
        CHECK(&reference.second == &x);
        auto first = join([&]() -> const int& { return x; }, [] { return 4; });
        CHECK(&first.first == &x);
    };
    test::in_and_outside_regions(check);
}

TEST_CASE("join takes move-only callables and calls an rvalue as one") {
    struct Once {
        std::unique_ptr<int> value;
        std::unique_ptr<int> operator()() && { return std::move(value); }
    };
    const auto check = [] {
        const auto [a, b] = join(Once{std::make_unique<int>(1)}, Once{std::make_unique<int>(2)});
        CHECK(*a == 1);
        CHECK(*b == 2);
        auto lambda = [p = std::make_unique<int>(3)] { return *p; };
        CHECK(join(lambda, lambda).second == 3); // lvalues are left alone
        CHECK(join(std::move(lambda), [] {}).first == 3);
    };
    test::in_and_outside_regions(check);
}

TEST_CASE("the second half is stolen by an idle thread, with whatever it returns") {
    const test::Watchdog dog("stolen");
    int x = 0;
    CHECK(stolen_among(2, [&] {
        std::atomic<bool> begun{false};
        const auto here = std::this_thread::get_id();
        const auto [seen, thread] =
            join([&] { return soon(begun); },
                 [&] {
                     begun = true;
                     return std::make_unique<std::thread::id>(std::this_thread::get_id());
                 });
        return seen && *thread != here;
    }));
    CHECK(stolen_among(2, [&] {
        std::atomic<bool> begun{false};
        const auto both = join([&] { return soon(begun); },
                               [&]() -> int& {
                                   begun = true;
                                   return x;
                               });
        CHECK(&both.second == &x);
        return both.first;
    }));
}

TEST_CASE("a region returns what its root returns and the team works on") {
    const test::Watchdog dog("region");
    for (const int threads : {1, 2, 3}) {
        Team team(threads);
        CHECK(team.fork_join([] { return sum(0, 10'000); }) == 49'995'000);
        CHECK(*team.fork_join([] { return std::make_unique<int>(7); }) == 7);
        std::atomic<int> calls{0};
        team.run([&](int) { ++calls; });
        CHECK(calls == threads);
        team.fork_join([&] { ++calls; });
        CHECK(calls == threads + 1);
    }
}

TEST_CASE("many roots one after the other, in one region and in their own") {
    const test::Watchdog dog("many roots");
    Team team(2);
    for (int i = 0; i < 300; ++i)
        REQUIRE(team.fork_join([&] { return sum(0, 100 + i); }) == (100 + i) * (99 + i) / 2);
    team.fork_join([&] {
        for (int i = 0; i < 3000; ++i)
            if (team.fork_join([&] { return sum(0, 100 + i % 7); }) !=
                (100 + i % 7) * (99 + i % 7) / 2)
                throw std::runtime_error("wrong sum");
    });
}

TEST_CASE("a region inside a region joins it, and ordinary regions run join where they are") {
    const test::Watchdog dog("regions in regions");
    Team team(2);
    Team other(3);
    const auto nested = [&] {
        return join([&] { return other.fork_join([] { return sum(0, 1000); }); },
                    [&] { return team.fork_join([] { return sum(0, 1000); }); });
    };
    CHECK(team.fork_join(nested) == std::pair<long, long>(499'500, 499'500));
    std::atomic<int> wrong{0};
    team.run([&](int) {
        const auto here = std::this_thread::get_id();
        join([] {},
             [&] {
                 if (std::this_thread::get_id() != here) ++wrong;
             });
        Team inner(2);
        if (inner.fork_join([] { return sum(0, 1000); }) != 499'500) ++wrong;
    });
    CHECK(wrong == 0);
    // A region of OpenMP within a half: its thread 0 is still one of the outer region's.
    CHECK(team.fork_join([&] {
        long total = 0;
        Team inside(2);
        inside.run([&](int thread) {
            if (thread == 0) total = sum(0, 1000);
        });
        return total;
    }) == 499'500);
}

TEST_CASE("joins nest as deep as the stack") {
    const test::Watchdog dog("deep");
    constexpr int depth = 2'000; // sanitizers' frames are large, and a helper's stack small
    for (const int threads : {1, 2, 4}) {
        Team team(threads);
        CHECK(team.fork_join([] { return depth_of_chain(depth); }) == depth);
        CHECK(team.fork_join([] { return deep_first_half(depth); }) == depth);
    }
}

TEST_CASE("several host threads, each with its team") {
    const test::Watchdog dog("hosts");
    std::atomic<int> wrong{0};
    std::vector<std::thread> hosts;
    for (int host = 0; host < 3; ++host)
        hosts.emplace_back([&, host] {
            Team team(2 + host % 2);
            for (int i = 0; i < 50; ++i)
                if (team.fork_join([] { return sum(0, 2000); }) != 1'999'000) ++wrong;
        });
    for (auto& host : hosts)
        host.join();
    CHECK(wrong == 0);
}
