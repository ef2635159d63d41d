#include "morphogen/io/buffer_pool.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

using namespace morphogen;
using io::Buffer;
using io::BufferPool;
using namespace std::chrono_literals;

TEST_CASE("a pool recycles buffers of the same size, aligned") {
    BufferPool pool(1 << 20);
    const std::byte* first = nullptr;
    for (int i = 0; i < 10; ++i) {
        Buffer buffer = pool.acquire(1000 + static_cast<std::size_t>(i));
        CHECK(buffer.size() == 1000 + static_cast<std::size_t>(i));
        CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
        if (!first) first = buffer.data();
        CHECK(buffer.data() == first);
        buffer.span().back() = std::byte{1};
    }
    CHECK(pool.statistics().allocations == 1);
    CHECK(pool.statistics().out == 0);
}

TEST_CASE("a pool stays within its limit and frees idle buffers of other sizes") {
    BufferPool pool(10'000);
    for (std::size_t size = 1; size <= 10'000; size += 37) {
        const Buffer buffer = pool.acquire(size);
        CHECK(pool.statistics().out >= size);
        CHECK(pool.statistics().out <= size + size / 8 + 64);
    }
    const Buffer whole = pool.acquire(10'000);
    CHECK(pool.statistics().out == 10'000);
    CHECK(pool.statistics().peak_held <= 10'000);
    CHECK_FALSE(pool.try_acquire(1));
    CHECK(pool.try_acquire(0));
}

TEST_CASE("a buffer larger than the limit is refused, with the least that would do") {
    BufferPool pool(1000);
    CHECK_THROWS_WITH(pool.acquire(1001), Catch::Contains("at least 1001"));
    CHECK_THROWS_AS(pool.try_acquire(5000), core::Error);
}

TEST_CASE("a moved-from buffer is empty, and a buffer may outlive its pool") {
    Buffer kept;
    {
        BufferPool pool(1000);
        Buffer buffer = pool.acquire(100);
        kept = std::move(buffer);
        CHECK(buffer.empty()); // NOLINT(bugprone-use-after-move): what is tested
        buffer.release();
        CHECK(pool.statistics().out > 0);
    }
    kept.span()[99] = std::byte{7};
    kept.release();
    CHECK(kept.empty());
}

TEST_CASE("acquire waits for a buffer that another thread gives back") {
    const test::Watchdog watchdog("acquire waits");
    BufferPool pool(1000);
    Buffer held = pool.acquire(1000);
    std::atomic<bool> released{false};
    std::thread other([&] {
        std::this_thread::sleep_for(20ms);
        released = true;
        held.release();
    });
    const Buffer mine = pool.acquire(500);
    CHECK(released);
    other.join();
}

TEST_CASE("a pool under threads never exceeds its limit") {
    const test::Watchdog watchdog("pool stress", 60s);
    BufferPool pool(100'000);
    std::vector<std::thread> threads;
    std::atomic<bool> good{true};
    for (unsigned t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            test::Jitter jitter(t + 1);
            for (int i = 0; i < 2000; ++i) {
                Buffer buffer = pool.acquire(1 + jitter.below(30'000));
                buffer.span().front() = buffer.span().back() = static_cast<std::byte>(t);
                jitter();
                if (buffer.span().front() != static_cast<std::byte>(t)) good = false;
                if (pool.statistics().held > 100'000) good = false;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(good);
    CHECK(pool.statistics().out == 0);
}
