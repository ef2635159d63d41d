#include "morphogen/io/range_reader.hpp"

#include "morphogen/core/error.hpp"

#include "support.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

using namespace morphogen;
using io::EndOfGroup;
using io::Range;
using io::RangeRead;
using io::RangeReader;
using io::ReadFailure;
using io::ReadRequest;
using test::Watchdog;
using namespace std::chrono_literals;

TEST_CASE("ranges of a file: from the start, from the end, to the end, none") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 1000);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("ranges");
        struct Case {
            Range range;
            core::Index offset, length;
        };
        const std::vector<Case> cases{{{}, 0, 1000},        {{10, 20}, 10, 20},
                                      {{-10, 10}, 990, 10}, {{-10, io::to_end}, 990, 10},
                                      {{-1000}, 0, 1000},   {{999, 1}, 999, 1},
                                      {{1000, 0}, 1000, 0}, {{1000}, 1000, 0},
                                      {{5, 0}, 5, 0},       {{500}, 500, 500}};
        ReadRequest request{path, {}, 77};
        for (std::size_t i = 0; i < cases.size(); ++i) {
            request.ranges.push_back(cases[i].range);
            request.ranges.back().tag = i;
        }
        io::BufferPool pool(1 << 16);
        RangeReader reader(pool, test::source_of({request}), {.backend = backend});
        std::set<std::uint64_t> seen;
        for (const io::ReadEvent& event : test::all_of(reader)) {
            const auto& read = std::get<RangeRead>(event);
            const Case& expected = cases.at(read.range_tag);
            CHECK(*read.path == path);
            CHECK(read.request_tag == 77);
            CHECK(read.offset == expected.offset);
            CHECK(static_cast<core::Index>(read.bytes.size()) == expected.length);
            CHECK(test::holds(read.bytes.span(), 1, read.offset));
            seen.insert(read.range_tag);
        }
        CHECK(seen.size() == cases.size());
        CHECK_FALSE(reader.next());
        CHECK(reader.statistics().backend == backend);
    }
}

TEST_CASE("100,000 ranges of one file in a few buffers, the file opened once") {
    const test::TemporaryDirectory directory;
    constexpr core::Index size = 1 << 20;
    const auto path = test::make_file(directory, 1, size);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("100,000 ranges", 60s);
        int requests = 0;
        const auto source = [&]() -> std::optional<std::variant<ReadRequest, EndOfGroup>> {
            if (requests == 100) return std::nullopt;
            ReadRequest request{path, {}, static_cast<std::uint64_t>(requests)};
            for (std::uint64_t i = 0; i < 1000; ++i) {
                const auto k = static_cast<core::Index>(i) + 1000 * requests;
                request.ranges.push_back({k * 7919 % (size - 600), 1 + k % 599, i});
            }
            ++requests;
            return request;
        };
        io::BufferPool pool(8192);
        RangeReader reader(pool, source, {.backend = backend, .depth = 16});
        std::vector<bool> seen(100'000);
        bool good = true;
        while (auto event = reader.next()) {
            const auto& read = std::get<RangeRead>(*event);
            const std::size_t k = read.request_tag * 1000 + read.range_tag;
            good = good && !seen[k] && read.bytes.size() == 1 + k % 599;
            good = good && test::holds(read.bytes.span(), 1, read.offset);
            seen[k] = true;
        }
        CHECK(good);
        CHECK(std::count(seen.begin(), seen.end(), true) == 100'000);
        CHECK(pool.statistics().peak_held <= 8192);
        CHECK(pool.statistics().out == 0);
        const auto statistics = reader.statistics();
        CHECK(statistics.max_in_flight <= 16);
        CHECK(statistics.mean_in_flight >= 1);
        CHECK(statistics.operations == 100'003); // open, status, close
    }
}

TEST_CASE("5,000 small files with few descriptors") {
    const test::TemporaryDirectory directory;
    std::vector<std::filesystem::path> paths;
    for (std::uint64_t i = 0; i < 5000; ++i)
        paths.push_back(test::make_file(directory, i, static_cast<core::Index>(i % 300)));
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("5,000 files", 60s);
        std::size_t next = 0;
        std::size_t most = 0;
        const auto source = [&]() -> std::optional<std::variant<ReadRequest, EndOfGroup>> {
            if (next == paths.size()) return std::nullopt;
            if (next % 50 == 0) most = std::max(most, test::open_descriptors());
            ReadRequest request{.path = paths[next], .tag = next};
            ++next;
            return request;
        };
        const std::size_t before = test::open_descriptors();
        {
            io::BufferPool pool(4096);
            RangeReader reader(pool, source, {.backend = backend, .depth = 32, .open_files = 8});
            bool good = true;
            std::size_t count = 0;
            while (auto event = reader.next()) {
                const auto& read = std::get<RangeRead>(*event);
                good = good && read.bytes.size() == read.request_tag % 300;
                good = good && test::holds(read.bytes.span(), read.request_tag, 0);
                ++count;
            }
            CHECK(good);
            CHECK(count == 5000);
            CHECK(most <= before + 8 + 3); // the ring, its counter, the listing itself
        }
        CHECK(test::open_descriptors() == before);
    }
}

TEST_CASE("groups are delivered one after the other, whatever the bytes and the depth") {
    const test::TemporaryDirectory directory;
    std::vector<std::filesystem::path> paths;
    for (std::uint64_t i = 0; i < 12; ++i)
        paths.push_back(test::make_file(directory, i, 3000));
    for (const io::Backend backend : test::backends()) {
        for (unsigned seed = 1; seed <= 30; ++seed) {
            const Watchdog watchdog("groups", 60s);
            test::Jitter random(seed);
            std::vector<std::variant<ReadRequest, EndOfGroup>> items;
            const unsigned groups = 1 + random.below(12);
            std::size_t expected = 0;
            for (std::uint64_t g = 0; g < groups; ++g) {
                for (unsigned r = random.below(6); r > 0; --r) {
                    ReadRequest request{paths[random.below(12)], {}, g};
                    if (random.below(8) == 0) request.path = directory / "missing";
                    for (unsigned n = random.below(5); n > 0; --n)
                        request.ranges.push_back({random.below(2000), 1 + random.below(1000)});
                    expected += request.path.filename() == "missing" ? 1 : request.ranges.size();
                    items.emplace_back(std::move(request));
                }
                items.emplace_back(EndOfGroup{g});
            }
            io::BufferPool pool(1000 + random.below(3000));
            RangeReader reader(pool, test::source_of(std::move(items)),
                               {.backend = backend,
                                .depth = 1 + static_cast<int>(random.below(6)),
                                .open_files = 1 + static_cast<int>(random.below(4))});
            std::uint64_t group = 0;
            std::size_t count = 0;
            while (auto event = reader.next()) {
                if (const auto* const end = std::get_if<EndOfGroup>(&*event)) {
                    REQUIRE(end->tag == group);
                    ++group;
                    continue;
                }
                ++count;
                if (const auto* const read = std::get_if<RangeRead>(&*event))
                    REQUIRE(read->request_tag == group);
                else
                    REQUIRE(std::get<ReadFailure>(*event).request_tag == group);
                random();
            }
            CHECK(group == groups);
            CHECK(count == expected);
        }
    }
}

TEST_CASE("the next group is read while results of this one are still to be taken") {
    const test::TemporaryDirectory directory;
    const auto first = test::make_file(directory, 1, 10);
    const auto second = test::make_file(directory, 2, 10);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("read ahead");
        io::BufferPool pool(1 << 16);
        RangeReader reader(pool,
                           test::source_of({ReadRequest{.path = first}, EndOfGroup{1},
                                            ReadRequest{.path = second}, EndOfGroup{2}}),
                           {.backend = backend});
        while (reader.statistics().bytes < 20)
            std::this_thread::sleep_for(1ms);
        CHECK(test::all_of(reader).size() == 4);
    }
}

TEST_CASE("a source is only asked while there is room for what it gives") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 10);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("lazy source", 60s);
        std::atomic<int> pulled{0};
        int taken = 0;
        const auto source = [&]() -> std::optional<std::variant<ReadRequest, EndOfGroup>> {
            if (pulled == 30'000) return std::nullopt;
            ++pulled;
            // Neither errors nor ranges without bytes are bounded by the pool.
            if (pulled % 3 == 0) return ReadRequest{directory / "missing", {Range{}}};
            if (pulled % 3 == 1) return ReadRequest{path, {Range{0, 0}}};
            return EndOfGroup{};
        };
        RangeReader reader(io::BufferPool(1 << 16), source, {.backend = backend, .depth = 8});
        std::this_thread::sleep_for(30ms);
        int most = 0;
        for (; reader.next(); ++taken)
            most = std::max(most, pulled - taken);
        CHECK(taken == 30'000);
        CHECK(most < 400);
        CHECK(most > 8);
    }
}

TEST_CASE("several threads take results and give buffers back") {
    const test::TemporaryDirectory directory;
    std::vector<std::filesystem::path> paths;
    for (std::uint64_t i = 0; i < 20; ++i)
        paths.push_back(test::make_file(directory, i, 5000));
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("several takers", 60s);
        unsigned next = 0;
        const auto source = [&]() -> std::optional<std::variant<ReadRequest, EndOfGroup>> {
            if (next == 3000) return std::nullopt;
            ReadRequest request{paths[next % 20], {}, next % 20};
            for (unsigned i = 0; i < 3; ++i)
                request.ranges.push_back({(next * 37 + i * 411) % 4000, 1 + next % 1000, i});
            ++next;
            return request;
        };
        io::BufferPool pool(8000);
        RangeReader reader(pool, source, {.backend = backend, .depth = 6, .open_files = 3});
        std::atomic<int> count{0};
        std::atomic<bool> good{true};
        std::vector<std::thread> takers;
        for (unsigned t = 0; t < 3; ++t)
            takers.emplace_back([&, t] {
                test::Jitter jitter(t + 1);
                while (auto event = reader.next()) {
                    jitter();
                    const auto& read = std::get<RangeRead>(*event);
                    if (!test::holds(read.bytes.span(), read.request_tag, read.offset))
                        good = false;
                    ++count;
                }
            });
        for (std::thread& taker : takers)
            taker.join();
        CHECK(good);
        CHECK(count == 9000);
        CHECK(pool.statistics().out == 0);
        CHECK(pool.statistics().peak_held <= 8000);
    }
}
