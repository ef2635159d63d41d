#include "morphogen/parallel/affinity.hpp"
#include "morphogen/parallel/spsc_ring.hpp"

#include "bench/measurements.hpp"
#include "bench/thread_pair.hpp"
#include "bench/timing.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <type_traits>

// Boost is for comparison alone; the program does not need it.
#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#    define MORPHOGEN_BENCH_BOOST 1
#    include <boost/lockfree/spsc_queue.hpp>
#else
#    define MORPHOGEN_BENCH_BOOST 0
#endif

namespace morphogen::bench {
namespace {

constexpr std::size_t capacity = 1024;
constexpr std::size_t batch = 256;

struct Line { // a cache line: what a frame's handle and its record weigh
    std::array<std::uint64_t, 8> words{};
};
std::uint64_t number_of(std::uint64_t item) {
    return item;
}
std::uint64_t number_of(const Line& item) {
    return item.words[0];
}
/// With all of its words written: a copy that reads several at once waits, if only one of them was
/// just written, until all stores before it have reached the caches, the last push's among them.
template <typename T>
T item_of(std::uint64_t n) {
    if constexpr (std::is_same_v<T, Line>) {
        Line item;
        item.words.fill(n);
        return item;
    } else {
        return n;
    }
}

/// Both rings behind the same four calls, none of which waits.
template <typename T>
struct OurRing {
    parallel::SpscRing<T, parallel::RingMeter::off> ring{capacity};
    bool push(T& item) { return ring.try_push(item); }
    bool pop(T& item) {
        auto popped = ring.try_pop();
        if (popped) item = *popped;
        return popped.has_value();
    }
    std::size_t push_some(std::span<T> items) { return ring.try_push_some(items); }
    template <typename Take>
    std::size_t pop_some(Take&& take) {
        return ring.try_pop_some(batch, take);
    }
};

/// The same ring as the pipeline uses it: blocking calls, which spin, then sleep.
template <typename T>
struct OurBlockingRing {
    parallel::SpscRing<T, parallel::RingMeter::off> ring{capacity};
    bool push(T& item) { return ring.push(T(item)) == parallel::PushResult::pushed; }
    bool pop(T& item) {
        auto popped = ring.pop();
        if (popped) item = *popped;
        return popped.has_value();
    }
};

#if MORPHOGEN_BENCH_BOOST
template <typename T>
struct BoostRing {
    boost::lockfree::spsc_queue<T, boost::lockfree::capacity<capacity>> ring;
    bool push(T& item) { return ring.push(item); }
    bool pop(T& item) { return ring.pop(item); }
    std::size_t push_some(std::span<T> items) { return ring.push(items.data(), items.size()); }
    template <typename Take>
    std::size_t pop_some(Take&& take) {
        std::array<T, batch> items;
        const std::size_t n = ring.pop(items.data(), batch);
        for (std::size_t i = 0; i < n; ++i)
            take(std::move(items[i]));
        return n;
    }
};
#endif

// What the two threads do below shares nothing but the rings, which lie in memory of their own: a
// sum beside the other thread's variables would be measured instead.

template <typename Ring, typename T>
double one_by_one(std::int64_t items) {
    const auto ring = std::make_unique<Ring>();
    const double seconds = together(
        [&to = *ring, items] {
            for (std::int64_t i = 0; i < items; ++i) {
                T item = item_of<T>(static_cast<std::uint64_t>(i));
                until([&] { return to.push(item); });
            }
        },
        [&from = *ring, items] {
            std::uint64_t sum = 0;
            for (std::int64_t i = 0; i < items; ++i) {
                T item{};
                until([&] { return from.pop(item); });
                sum += number_of(item);
            }
            keep(sum);
        });
    return seconds / static_cast<double>(items);
}

template <typename Ring, typename T>
double in_batches(std::int64_t items) {
    const auto ring = std::make_unique<Ring>();
    const double seconds = together(
        [&to = *ring, items] {
            std::array<T, batch> chunk{};
            Spin spin;
            for (std::int64_t sent = 0; sent < items;) {
                std::span<T> rest(chunk);
                while (!rest.empty()) {
                    const std::size_t n = to.push_some(rest);
                    if (n == 0) spin.wait();
                    rest = rest.subspan(n);
                }
                sent += static_cast<std::int64_t>(batch);
            }
        },
        [&from = *ring, items] {
            std::uint64_t sum = 0;
            Spin spin;
            for (std::int64_t got = 0; got < items;) {
                const std::size_t n =
                    from.pop_some([&](T&& item) noexcept { sum += number_of(item); });
                if (n == 0) spin.wait();
                got += static_cast<std::int64_t>(n);
            }
            keep(sum);
        });
    return seconds / static_cast<double>(items);
}

template <typename Ring, typename T>
double round_trip(std::int64_t trips) {
    const auto there = std::make_unique<Ring>();
    const auto back = std::make_unique<Ring>();
    const auto pass_on = [trips](auto&& first, auto&& second) {
        return [trips, first, second] {
            for (std::int64_t i = 0; i < trips; ++i) {
                T item{};
                until([&] { return first(item); });
                until([&] { return second(item); });
            }
        };
    };
    const double seconds = together(pass_on([&to = *there](T& item) { return to.push(item); },
                                            [&from = *back](T& item) { return from.pop(item); }),
                                    pass_on([&from = *there](T& item) { return from.pop(item); },
                                            [&to = *back](T& item) { return to.push(item); }));
    return seconds / static_cast<double>(trips);
}

/// Enough items for a tenth of the budget. Few items at first: on a busy machine each may wait for
/// a time slice.
template <typename Run>
std::int64_t count_for(double seconds, Run&& run) {
    constexpr std::int64_t few = batch;
    const double each = run(few);
    const auto wanted = static_cast<std::int64_t>(seconds / 10 / each);
    return std::clamp<std::int64_t>(wanted / few * few, few, 20'000'000);
}

template <typename A, typename B>
void add_row(Report& report, const std::string& what, double seconds, A&& ours, B&& theirs) {
    const std::int64_t items = count_for(seconds, ours);
    const Paired pair = compare(
        seconds, 5, [&] { return ours(items); }, [&] { return theirs(items); });
    report.add_row({what, 1e9 * pair.first, 1e-6 / pair.first, 1e9 * pair.second,
                    1e-6 / pair.second, 1.0 / pair.ratio});
}

template <typename A>
void add_row(Report& report, const std::string& what, double seconds, A&& ours) {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    const std::int64_t items = count_for(seconds, ours);
    const double each =
        median_seconds(0.0, [&] { return ours(items); }) / static_cast<double>(items);
    report.add_row({what, 1e9 * each, 1e-6 / each, none, none, none});
}

template <typename T>
void add_rows(Report& report, const std::string& item, double seconds) {
    using Ours = OurRing<T>;
    const std::string batches = "in batches of " + std::to_string(batch);
#if MORPHOGEN_BENCH_BOOST
    using Theirs = BoostRing<T>;
    add_row(report, item + ", one by one", seconds, one_by_one<Ours, T>, one_by_one<Theirs, T>);
    add_row(report, item + ", " + batches, seconds, in_batches<Ours, T>, in_batches<Theirs, T>);
    add_row(report, item + ", round trip", seconds, round_trip<Ours, T>, round_trip<Theirs, T>);
#else
    add_row(report, item + ", one by one", seconds, one_by_one<Ours, T>);
    add_row(report, item + ", " + batches, seconds, in_batches<Ours, T>);
    add_row(report, item + ", round trip", seconds, round_trip<Ours, T>);
#endif
    add_row(report, item + ", one by one, waiting calls", seconds,
            one_by_one<OurBlockingRing<T>, T>);
    add_row(report, item + ", round trip, waiting calls", seconds,
            round_trip<OurBlockingRing<T>, T>);
}

/// CPU seconds that a consumer uses per second of waiting for an item.
double idle_cpu_share(double seconds) {
    parallel::SpscRing<std::uint64_t> ring{capacity};
    double cpu = 0.0;
    const core::Stopwatch watch;
    std::thread consumer([&] {
        keep(ring.pop());
        cpu = core::thread_cpu_seconds();
    });
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    ring.push(1);
    consumer.join();
    return cpu / watch.seconds();
}

} // namespace

Report measure_ring(const Context& context) {
    Report report("ring", "single-producer single-consumer ring of 1024 items, two threads",
                  {{"what", "what"},
                   {"ns", "ns per item", 1, Meaning::less_is_better},
                   {"million_per_s", "M/s", 1, Meaning::detail},
                   {"boost_ns", "boost ns", 1, Meaning::detail},
                   {"boost_million_per_s", "boost M/s", 1, Meaning::detail},
                   {"speedup_over_boost", "times boost", 2}});
    add_rows<std::uint64_t>(report, "8 bytes", context.seconds);
    add_rows<Line>(report, "64 bytes", context.seconds);
    report.add_fact("idle_cpu_percent", "CPU time of a consumer that waits",
                    100.0 * idle_cpu_share(context.seconds), "% of the wait");
    if (!MORPHOGEN_BENCH_BOOST)
        report.add_note("built without Boost's headers: nothing to compare with");
    if (parallel::usable_cores() < 2) report.add_note("one core only: the two threads took turns");
    return report;
}

} // namespace morphogen::bench
