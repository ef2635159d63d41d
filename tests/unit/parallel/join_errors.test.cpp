#include "morphogen/parallel/join.hpp"
#include "morphogen/parallel/team.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "stolen.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

using namespace morphogen;
using parallel::Cancelled;
using parallel::join;
using parallel::Team;
using test::error_of;
using test::in_and_outside_regions;
using test::soon;
using test::stolen_among;

namespace {

[[noreturn]] void fail(const char* who) {
    throw std::runtime_error(who);
}

/// Empty joins until one throws, for at most some tenths of a second.
void work_until_cancelled() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    while (std::chrono::steady_clock::now() < end)
        join([] {}, [] {});
}

} // namespace

TEST_CASE("an error of either half is thrown") {
    const test::Watchdog dog("errors");
    in_and_outside_regions([] {
        CHECK(error_of([] { join([] { fail("a"); }, [] {}); }) == "a");
        CHECK(error_of([] { join([] {}, [] { fail("b"); }); }) == "b");
        CHECK(error_of([] { join([] { join([] { fail("deep"); }, [] {}); }, [] {}); }) == "deep");
    });
}

TEST_CASE("a second half that has not begun is not called after an error") {
    Team alone(1);
    const auto check = [] {
        bool called = false;
        CHECK(error_of([&] { join([] { fail("a"); }, [&] { called = true; }); }) == "a");
        CHECK_FALSE(called);
    };
    check();
    alone.fork_join(check);
}

TEST_CASE("a region throws its root's error after every thread has left, and works on") {
    const test::Watchdog dog("region error");
    for (const int threads : {1, 2, 3}) {
        Team team(threads);
        CHECK(error_of([&] { team.fork_join([] { fail("root"); }); }) == "root");
        CHECK(error_of([&] { team.fork_join([] { join([] {}, [] { fail("b"); }); }); }) == "b");
        CHECK(team.fork_join([] { return join([] { return 1; }, [] { return 2; }).second; }) == 2);
    }
}

TEST_CASE("a second half that has begun is waited for before the first's error is thrown") {
    const test::Watchdog dog("waits");
    CHECK(stolen_among(2, [] {
        std::atomic<bool> begun{false};
        std::atomic<bool> ended{false};
        const std::string error = error_of([&] {
            join(
                [&] {
                    soon(begun);
                    fail("a");
                },
                [&] {
                    begun = true;
                    std::this_thread::sleep_for(std::chrono::milliseconds(5));
                    ended = true;
                    return std::make_unique<int>(1); // must not leak: ASan
                });
        });
        CHECK(error == "a");
        CHECK(begun.load() == ended.load());
        return begun.load();
    }));
}

TEST_CASE("a stolen half that fails cancels the other and its error wins") {
    const test::Watchdog dog("cancels the first");
    CHECK(stolen_among(2, [] {
        std::atomic<bool> begun{false};
        bool stolen = false;
        bool cancelled = false;
        const std::string error = error_of([&] {
            join(
                [&] {
                    stolen = soon(begun);
                    try {
                        work_until_cancelled();
                    } catch (const Cancelled&) {
                        cancelled = true;
                        throw;
                    }
                },
                [&] {
                    begun = true;
                    fail("b");
                });
        });
        CHECK(error == "b");
        if (stolen) CHECK(cancelled);
        // Nothing is left of it: the next join works.
        CHECK(join([] { return 1; }, [] { return 2; }).second == 2);
        return stolen;
    }));
}

TEST_CASE("a failing first half cancels what was stolen, and what was stolen from that") {
    const test::Watchdog dog("cancels the second");
    CHECK(stolen_among(3, [] {
        std::atomic<bool> begun{false};
        std::atomic<bool> inner{false};
        std::atomic<int> cancelled{0};
        const auto spin = [&](std::atomic<bool>& flag) {
            flag = true;
            try {
                work_until_cancelled();
            } catch (const Cancelled&) {
                ++cancelled;
                throw;
            }
        };
        const std::string error = error_of([&] {
            join(
                [&] {
                    soon(inner);
                    fail("a");
                },
                [&] {
                    join(
                        [&] {
                            test::a_while();
                            spin(begun);
                        },
                        [&] { spin(inner); });
                });
        });
        CHECK(error == "a");
        // Both: the second half's first half ran on one thread, its second on another.
        return begun.load() && inner.load() && cancelled == 2;
    }));
}

TEST_CASE("of two errors the earlier wins") {
    const test::Watchdog dog("two errors");
    CHECK(stolen_among(2, [] {
        std::atomic<bool> begun{false};
        bool stolen = false;
        const std::string error = error_of([&] {
            join(
                [&] {
                    stolen = soon(begun);
                    test::a_while(); // b has failed by then, nearly always
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                    fail("a");
                },
                [&] {
                    begun = true;
                    fail("b");
                });
        });
        return stolen && error == "b";
    }));
    CHECK(stolen_among(2, [] {
        std::atomic<bool> begun{false};
        bool stolen = false;
        const std::string error = error_of([&] {
            join(
                [&] {
                    stolen = soon(begun);
                    fail("a");
                },
                [&] {
                    begun = true;
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                    fail("b");
                });
        });
        return stolen && error == "a";
    }));
}

TEST_CASE("an error that is handled inside leaves the joins around it alone") {
    const test::Watchdog dog("handled");
    Team team(2);
    team.fork_join([] {
        for (int i = 0; i < 200; ++i) {
            const auto [a, b] =
                join([] { return error_of([] { join([] { fail("x"); }, [] {}); }); },
                     [] { return error_of([] { join([] {}, [] { fail("y"); }); }); });
            if (a != "x" || b != "y") FAIL("handled errors: " << a << " " << b);
        }
    });
}
