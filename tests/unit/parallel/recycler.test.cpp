#include "morphogen/parallel/recycler.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <memory>
#include <stdexcept>
#include <thread>

using namespace morphogen;
using parallel::Recycler;
using parallel::SpscRing;
using namespace std::chrono_literals;

namespace {

using Buffer = std::unique_ptr<int>;

Recycler<Buffer> make_pool(std::size_t limit, int& made) {
    return Recycler<Buffer>(limit, [&made] { return std::make_unique<int>(made++); });
}

} // namespace

TEST_CASE("a pool makes at most its limit and prefers what came back") {
    int made = 0;
    auto pool = make_pool(2, made);
    Buffer a = pool.acquire();
    CHECK(pool.allocated() == 1);
    int* const address = a.get();
    pool.give_back(std::move(a));
    a = pool.acquire();
    CHECK(a.get() == address);
    CHECK(pool.allocated() == 1);
    Buffer b = pool.acquire();
    CHECK(pool.allocated() == 2);
    CHECK(made == 2);
}

TEST_CASE("an exhausted pool waits until a buffer comes back") {
    const test::Watchdog dog("exhausted pool");
    int made = 0;
    auto pool = make_pool(1, made);
    Buffer a = pool.acquire();
    std::thread giver([&] {
        std::this_thread::sleep_for(20ms);
        pool.give_back(std::move(a));
    });
    CHECK(pool.acquire());
    giver.join();
    CHECK(made == 1);
    CHECK(pool.wait_seconds() > 0.01);
}

TEST_CASE("giving back to a closed pool drops the buffer") {
    const auto counted = std::make_shared<int>(0);
    Recycler<std::shared_ptr<int>> pool(2, [&] { return counted; });
    auto a = pool.acquire();
    auto b = pool.acquire();
    pool.give_back(std::move(a));
    pool.close();
    pool.give_back(std::move(b));
    CHECK(counted.use_count() == 2); // this one, and the one that came back in time
}

TEST_CASE("the giver's error reaches acquire at once and while it waits") {
    const test::Watchdog dog("failed pool");
    int made = 0;
    SECTION("before") {
        auto pool = make_pool(2, made);
        pool.give_back(pool.acquire());
        pool.fail(std::make_exception_ptr(std::runtime_error("disk full")));
        CHECK_THROWS_WITH(pool.acquire(), "disk full");
        CHECK_THROWS_WITH(pool.acquire(), "disk full");
    }
    SECTION("while waiting") {
        auto pool = make_pool(1, made);
        const Buffer held = pool.acquire();
        std::thread giver([&] {
            std::this_thread::sleep_for(20ms);
            pool.fail(std::make_exception_ptr(std::runtime_error("disk full")));
        });
        CHECK_THROWS_WITH(pool.acquire(), "disk full");
        giver.join();
    }
    SECTION("ended without an error") {
        auto pool = make_pool(1, made);
        const Buffer held = pool.acquire();
        pool.end();
        CHECK_THROWS_WITH(pool.acquire(),
                          "no buffer to fill: the side that empties them has ended");
    }
}

TEST_CASE("a buffer that cannot be made does not count") {
    int tries = 0;
    Recycler<int> pool(1, [&]() -> int {
        if (tries++ == 0) throw std::bad_alloc();
        return 5;
    });
    CHECK_THROWS_AS(pool.acquire(), std::bad_alloc);
    CHECK(pool.allocated() == 0);
    CHECK(pool.acquire() == 5);
}
