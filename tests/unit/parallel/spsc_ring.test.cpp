#include "morphogen/parallel/spsc_ring.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace morphogen;
using parallel::PushResult;
using parallel::RingMeter;
using parallel::SpscRing;
using parallel::WaitOutcome;
using test::Watchdog;
using namespace std::chrono_literals;

namespace {

using Box = std::unique_ptr<int>; // move-only; a lost or doubled one shows under asan

std::exception_ptr error(const char* text) {
    return std::make_exception_ptr(core::Error(std::string(text)));
}

} // namespace

TEST_CASE("a ring delivers in order and wraps around") {
    for (std::size_t capacity = 1; capacity <= 5; ++capacity) {
        SpscRing<Box> ring(capacity);
        CHECK(ring.capacity() == capacity);
        int in = 0;
        int out = 0;
        for (int round = 0; round < 7; ++round) {
            for (std::size_t i = 0; i < capacity; ++i) {
                CHECK(ring.push(std::make_unique<int>(in++)) == PushResult::pushed);
                CHECK(ring.size() == i + 1);
            }
            Box more = std::make_unique<int>(-1);
            CHECK_FALSE(ring.try_push(more));
            REQUIRE(more);
            for (std::size_t i = 0; i < capacity; ++i) {
                const auto box = ring.pop();
                REQUIRE(box);
                CHECK(**box == out++);
            }
            CHECK_FALSE(ring.try_pop());
        }
    }
}

TEST_CASE("a ring moves batches as far as they fit") {
    SpscRing<int, RingMeter::off> ring(5);
    std::vector<int> in{0, 1, 2, 3, 4, 5, 6, 7};
    CHECK(ring.try_push_some(std::span(in).first(3)) == 3);
    CHECK(ring.try_push_some(std::span(in).subspan(3)) == 2);
    CHECK(ring.try_push_some(std::span(in).subspan(5)) == 0);
    std::vector<int> out;
    const auto take = [&](int i) { out.push_back(i); };
    CHECK(ring.try_pop_some(4, take) == 4);
    CHECK(ring.try_push_some(std::span(in).subspan(5)) == 3);
    CHECK(ring.try_pop_some(9, take) == 4);
    CHECK(ring.try_pop_some(9, take) == 0);
    CHECK(out == in);
    ring.close_consumer();
    CHECK(ring.try_push_some(in) == 0);
}

TEST_CASE("items that nobody took are destroyed with the ring") {
    const auto counted = std::make_shared<int>(0);
    {
        SpscRing<std::shared_ptr<int>> ring(4);
        for (int i = 0; i < 3; ++i)
            ring.push(std::shared_ptr<int>(counted));
        ring.close();
        ring.close_consumer();
        CHECK(counted.use_count() == 4);
    }
    CHECK(counted.use_count() == 1);
}

TEST_CASE("after the producer closed its items come and then the end") {
    SpscRing<int> ring(4);
    ring.push(1);
    ring.push(2);
    ring.close();
    CHECK(ring.pop() == 1);
    CHECK(ring.pop() == 2);
    CHECK_FALSE(ring.pop());
    CHECK_FALSE(ring.pop());
    CHECK(ring.wait([] { return false; }) == WaitOutcome::ended);
}

TEST_CASE("an error of the producer comes after its items every time") {
    SpscRing<int> ring(4);
    ring.push(1);
    ring.close(error("source broke"));
    ring.close(); // too late
    CHECK(ring.pop() == 1);
    CHECK_THROWS_WITH(ring.pop(), "source broke");
    CHECK_THROWS_WITH(ring.pop(), "source broke");
}

TEST_CASE("a closed consumer refuses and leaves the item with the caller") {
    SpscRing<Box> ring(4);
    ring.push(std::make_unique<int>(1));
    ring.close_consumer();
    Box box = std::make_unique<int>(2);
    CHECK(ring.push(std::move(box)) == PushResult::closed);
    REQUIRE(box);
    CHECK_FALSE(ring.try_push(box));
    CHECK(*box == 2);
    CHECK(**ring.pop() == 1); // what was inside can still be had
    CHECK_FALSE(ring.pop());  // and nothing waits for more
}

TEST_CASE("a failed consumer throws its error at the producer") {
    SpscRing<Box> ring(1);
    ring.fail(error("disk full"));
    ring.fail(error("later"));
    Box box = std::make_unique<int>(2);
    CHECK_THROWS_WITH(ring.push(std::move(box)), "disk full");
    CHECK(box);
}

TEST_CASE("a producer that waits for room is woken by a pop a close and an error") {
    const Watchdog dog("waiting producer");
    for (int how = 0; how < 3; ++how) {
        SpscRing<int> ring(1);
        ring.push(1);
        std::atomic<int> result{0};
        std::thread producer([&] {
            try {
                result = ring.push(2) == PushResult::pushed ? 1 : 2;
            } catch (const core::Error&) {
                result = 3;
            }
        });
        std::this_thread::sleep_for(20ms); // asleep by now
        CHECK(result == 0);
        if (how == 0) CHECK(ring.pop() == 1);
        if (how == 1) ring.close_consumer();
        if (how == 2) ring.fail(error("writer died"));
        producer.join();
        CHECK(result == how + 1);
        CHECK(ring.statistics().producer_wait_seconds > 0.01);
    }
}

TEST_CASE("a consumer that waits is woken by a push a close an error and a predicate") {
    const Watchdog dog("waiting consumer");
    for (int how = 0; how < 4; ++how) {
        SpscRing<int> ring(1);
        bool flag = false; // not atomic: wake_consumer publishes it
        std::atomic<bool> waiting{false};
        std::atomic<int> result{0};
        std::thread consumer([&] {
            try {
                bool first = true;
                const auto outcome = ring.wait([&] {
                    if (std::exchange(first, false)) return false;
                    waiting = true;
                    return how == 3 && ring.producer_end().closed() && flag;
                });
                if (outcome == WaitOutcome::item) result = 1 + *ring.try_pop();
                if (outcome == WaitOutcome::ended) result = 2;
                if (outcome == WaitOutcome::woken) result = 4;
            } catch (const core::Error&) {
                result = 3;
            }
        });
        while (!waiting)
            std::this_thread::yield();
        std::this_thread::sleep_for(20ms);
        CHECK(result == 0);
        if (how == 0) ring.push(0);
        if (how == 1) ring.close();
        if (how == 2) ring.close(error("source broke"));
        if (how == 3) {
            flag = true;
            ring.close();
        }
        consumer.join();
        CHECK(result == how + 1);
        CHECK(ring.statistics().consumer_wait_seconds > 0.01);
    }
}

TEST_CASE("the predicate is asked before items are taken") {
    SpscRing<int> ring(2);
    ring.push(7);
    CHECK(ring.wait([] { return true; }) == WaitOutcome::woken);
    CHECK(ring.wait([] { return false; }) == WaitOutcome::item);
    CHECK(ring.try_pop() == 7);
}

TEST_CASE("peek shows what will be popped and leaves it there") {
    SpscRing<int> ring(3);
    CHECK(ring.peek() == nullptr);
    ring.push(1);
    const int* const first = ring.peek();
    REQUIRE(first != nullptr);
    CHECK(ring.peek(1) == nullptr);
    ring.push(2);
    ring.push(3);
    REQUIRE(ring.peek(1) != nullptr);
    CHECK(*ring.peek(1) == 2);
    CHECK(*ring.peek(2) == 3);
    CHECK(ring.peek(3) == nullptr);
    CHECK(ring.peek() == first);
    CHECK(ring.try_pop() == 1);
    CHECK(*ring.peek() == 2);
    ring.push(4); // where 1 was
    CHECK(*ring.peek(2) == 4);
}

TEST_CASE("wake_consumer makes a sleeping consumer look at a flag") {
    const Watchdog dog("wake_consumer");
    SpscRing<int> ring(1);
    test::repeat_for(200ms, [&](unsigned seed) {
        std::atomic<bool> flag{false};
        std::thread waker([&] {
            test::Jitter jitter(seed);
            jitter();
            flag.store(true, std::memory_order_relaxed); // the weakest order: wake_consumer must do
            ring.wake_consumer();
        });
        const auto outcome = ring.wait([&] { return flag.load(std::memory_order_relaxed); });
        CHECK(outcome == WaitOutcome::woken);
        waker.join();
    });
}

TEST_CASE("statistics count pushes and occupancy") {
    SpscRing<int> ring(3);
    CHECK(ring.statistics().mean_occupancy == 0);
    ring.push(1);
    ring.push(2);
    ring.pop();
    ring.push(3);
    ring.push(4);
    const auto s = ring.statistics();
    CHECK(s.pushes == 4);
    CHECK(s.max_occupancy == 3);
    CHECK(s.mean_occupancy == (1 + 2 + 2 + 3) / 4.0);
    CHECK(s.producer_wait_seconds == 0);
    CHECK(s.consumer_wait_seconds == 0);
}
