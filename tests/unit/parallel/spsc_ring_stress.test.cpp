// Two threads, random delays, both sides ending well or badly at any moment. What must hold: what
// was pushed arrives once, in order, or is still with the producer; nothing leaks; nobody waits for
// ever.

#include "morphogen/parallel/recycler.hpp"
#include "morphogen/parallel/spsc_ring.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

using namespace morphogen;
using parallel::Barrier;
using parallel::PushResult;
using parallel::Recycler;
using parallel::RingMeter;
using parallel::SpscRing;
using parallel::WaitOutcome;
using test::Jitter;
using test::repeat_for;
using test::Watchdog;
using namespace std::chrono_literals;

namespace {

/// Move-only, and counts how many exist.
class Payload {
public:
    Payload(int value, std::atomic<int>& alive) : value_(value), alive_(&alive) { ++*alive_; }
    Payload(Payload&& other) noexcept
        : value_(other.value_), alive_(std::exchange(other.alive_, nullptr)) {}
    Payload& operator=(Payload&&) = delete;
    ~Payload() {
        if (alive_ != nullptr) --*alive_;
    }
    int value() const { return alive_ != nullptr ? value_ : -1; }

private:
    int value_;
    std::atomic<int>* alive_;
};

enum class Ending { well, badly, runs_on };

Ending any_ending(Jitter& jitter) {
    return static_cast<Ending>(jitter.below(3));
}

/// What every system offers, and what this one offers, in turn.
Barrier barrier_of(unsigned seed) {
    return seed % 2 == 0 ? Barrier::symmetric : parallel::best_barrier();
}

std::exception_ptr failure(const char* who) {
    return std::make_exception_ptr(std::runtime_error(who));
}

/// What one side saw; read after the join.
struct Seen {
    int items = 0;
    bool end = false;
    bool error = false;
    bool wrong = false;
};

Seen produce(SpscRing<Payload>& ring, std::atomic<int>& alive, int most, unsigned seed) {
    Jitter jitter(seed);
    Seen seen;
    try {
        for (; seen.items < most; ++seen.items) {
            jitter();
            Payload item(seen.items, alive);
            const PushResult result = ring.push(std::move(item));
            const bool moved = item.value() == -1;
            if (moved != (result == PushResult::pushed)) seen.wrong = true;
            if (result == PushResult::closed) {
                seen.end = true;
                break;
            }
        }
    } catch (const std::runtime_error& e) {
        seen.error = true;
        if (std::string_view(e.what()) != "consumer") seen.wrong = true;
    }
    return seen;
}

Seen consume(SpscRing<Payload>& ring, int most, unsigned seed) {
    Jitter jitter(seed);
    Seen seen;
    try {
        while (seen.items < most) {
            jitter();
            const auto item = ring.pop();
            if (!item) {
                seen.end = true;
                break;
            }
            if (item->value() != seen.items) seen.wrong = true;
            ++seen.items;
        }
    } catch (const std::runtime_error& e) {
        seen.error = true;
        if (std::string_view(e.what()) != "producer") seen.wrong = true;
    }
    return seen;
}

void end_producer(SpscRing<Payload>& ring, Ending ending) {
    ring.close(ending == Ending::badly ? failure("producer") : nullptr);
}

void end_consumer(SpscRing<Payload>& ring, Ending ending) {
    if (ending == Ending::badly)
        ring.fail(failure("consumer"));
    else
        ring.close_consumer();
}

void one_conversation(unsigned seed) {
    Jitter dice(seed);
    constexpr int many = 300;
    const Ending producer_ending = any_ending(dice);
    const Ending consumer_ending = any_ending(dice);
    const int to_push =
        producer_ending == Ending::runs_on ? many : static_cast<int>(dice.below(many));
    // A consumer that runs on takes all there is, until the end.
    const int to_pop =
        consumer_ending == Ending::runs_on ? many + 1 : static_cast<int>(dice.below(many));
    std::atomic<int> alive{0};
    Seen pushed;
    Seen popped;
    {
        SpscRing<Payload> ring(1 + seed % 9, barrier_of(seed));
        std::thread producer([&] {
            pushed = produce(ring, alive, to_push, 2 * seed);
            end_producer(ring, producer_ending);
        });
        popped = consume(ring, to_pop, 2 * seed + 1);
        end_consumer(ring, consumer_ending);
        producer.join();
        CHECK(ring.statistics().max_occupancy <= ring.capacity());
        CHECK(ring.statistics().pushes == static_cast<std::uint64_t>(pushed.items));
        CHECK(alive == pushed.items - popped.items); // in the ring, where a consumer stopped early
    }
    CHECK(alive == 0);
    CHECK_FALSE(pushed.wrong);
    CHECK_FALSE(popped.wrong);
    const bool consumer_stopped = popped.items == to_pop;
    if (!consumer_stopped) {
        CHECK(popped.items == pushed.items);
        CHECK(pushed.items == to_push);
        CHECK(popped.error == (producer_ending == Ending::badly));
        CHECK(popped.end == (producer_ending != Ending::badly));
    }
    if (pushed.items < to_push) {
        CHECK(consumer_stopped);
        CHECK(pushed.error == (consumer_ending == Ending::badly));
        CHECK(pushed.end == (consumer_ending != Ending::badly));
    }
}

} // namespace

TEST_CASE("random conversations through a ring lose nothing and end") {
    const Watchdog dog("random conversations");
    repeat_for(600ms, one_conversation);
}

TEST_CASE("batches and single items mix through a ring") {
    const Watchdog dog("batches");
    repeat_for(200ms, [](unsigned seed) {
        constexpr int many = 2000;
        SpscRing<int, RingMeter::off> ring(1 + seed % 33, barrier_of(seed));
        std::thread producer([&] {
            Jitter jitter(seed);
            std::vector<int> batch(16);
            for (int next = 0; next < many;) {
                jitter();
                const int size = std::min(1 + static_cast<int>(jitter.below(16)), many - next);
                std::iota(batch.begin(), batch.begin() + size, next);
                const auto moved =
                    ring.try_push_some(std::span(batch).first(static_cast<std::size_t>(size)));
                next += static_cast<int>(moved);
                if (moved == 0 && ring.push(int{next}) == PushResult::pushed) ++next;
            }
            ring.close();
        });
        Jitter jitter(seed + 1);
        int expected = 0;
        bool wrong = false;
        const auto take = [&](int item) { wrong = wrong || item != expected++; };
        for (;;) {
            jitter();
            if (ring.try_pop_some(1 + jitter.below(16), take) > 0) continue;
            const auto item = ring.pop();
            if (!item) break;
            take(*item);
        }
        producer.join();
        CHECK_FALSE(wrong);
        CHECK(expected == many);
    });
}

TEST_CASE("wake-ups of a consumer that has a predicate lose no item") {
    const Watchdog dog("predicates");
    repeat_for(200ms, [](unsigned seed) {
        SpscRing<int> ring(2, barrier_of(seed));
        constexpr int many = 200;
        std::atomic<int> asked{0};
        std::thread producer([&] {
            Jitter jitter(seed);
            for (int i = 0; i < many; ++i) {
                jitter();
                if (jitter.below(4) == 0) {
                    asked.fetch_add(1, std::memory_order_relaxed);
                    ring.wake_consumer();
                }
                ring.push(int{i});
            }
            ring.close();
        });
        int answered = 0;
        int items = 0;
        bool wrong = false;
        for (;;) {
            const auto outcome =
                ring.wait([&] { return asked.load(std::memory_order_relaxed) > answered; });
            if (outcome == WaitOutcome::ended) break;
            if (outcome == WaitOutcome::woken) ++answered;
            if (outcome == WaitOutcome::item && *ring.try_pop() != items++) wrong = true;
        }
        producer.join();
        CHECK_FALSE(wrong);
        CHECK(items == many);
        CHECK(answered == asked);
    });
}

TEST_CASE("buffers go round between simulation and writer until either fails") {
    const Watchdog dog("buffers go round");
    repeat_for(500ms, [](unsigned seed) {
        Jitter dice(seed);
        const std::size_t queue = 1 + dice.below(3);
        const int frames = static_cast<int>(dice.below(150));
        const int writer_breaks_at = dice.below(2) == 0 ? 1000 : static_cast<int>(dice.below(150));
        const int simulation_breaks_at =
            dice.below(2) == 0 ? 1000 : static_cast<int>(dice.below(150));
        std::atomic<int> alive{0};
        int simulated = 0;
        int written = 0;
        std::string simulation_saw;
        std::string writer_saw;
        {
            SpscRing<Payload> ring(queue);
            Recycler<Payload> pool(queue + 2, [&] { return Payload(1, alive); });
            std::thread writer([&] {
                Jitter jitter(seed + 1);
                try {
                    while (auto frame = ring.pop()) {
                        jitter();
                        if (written == writer_breaks_at) throw std::runtime_error("writer");
                        ++written;
                        pool.give_back(std::move(*frame));
                    }
                    ring.close_consumer();
                    pool.end();
                } catch (const std::exception& e) {
                    writer_saw = e.what();
                    ring.fail(std::current_exception());
                    pool.fail(std::current_exception());
                }
            });
            Jitter jitter(seed + 2);
            try {
                for (; simulated < frames; ++simulated) {
                    jitter();
                    Payload frame = pool.acquire();
                    if (simulated == simulation_breaks_at) throw std::runtime_error("simulation");
                    if (ring.push(std::move(frame)) != PushResult::pushed) break;
                }
                ring.close();
            } catch (const std::exception& e) {
                simulation_saw = e.what();
                ring.close(std::current_exception());
            }
            pool.close();
            writer.join();
            CHECK(pool.allocated() <= queue + 2);
        }
        CHECK(alive == 0);
        if (simulation_saw.empty() && writer_saw.empty()) {
            CHECK(simulated == frames);
            CHECK(written == frames);
        }
        // Who broke first is heard by both; after the last push the writer's error is the writer's
        // alone.
        if (simulation_saw == "simulation" && writer_saw != "writer")
            CHECK(writer_saw == "simulation");
        if (simulation_saw == "writer") CHECK(writer_saw == "writer");
    });
}
