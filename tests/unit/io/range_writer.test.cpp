#include "morphogen/io/range_writer.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/io/range_reader.hpp"

#include "writer_support.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

using namespace morphogen;
using io::Buffer;
using io::RangeWriter;
using test::bytes_of;
using test::part;
using test::Watchdog;
using namespace std::chrono_literals;

TEST_CASE("parts of many files are written in any order, with few descriptors") {
    const test::TemporaryDirectory directory;
    for (const io::Backend backend : test::backends())
        for (const io::Sync sync : {io::Sync::never, io::Sync::files}) {
            const Watchdog watchdog("many files", 60s);
            constexpr std::uint64_t files = 100;
            const auto path = [&](std::uint64_t file) {
                return directory / (io::to_string(backend) + std::to_string(int(sync)) + "-" +
                                    std::to_string(file));
            };
            io::BufferPool pool(3000);
            RangeWriter writer({.backend = backend, .depth = 5, .open_files = 7}, sync);
            for (core::Index i = 0; i < 2000; ++i) {
                // Each part of 20 bytes once, jumping from file to file.
                const auto file = static_cast<std::uint64_t>(i * 37 % 100);
                const core::Index offset = i / 100 * 20;
                writer.put(part(pool, file, offset, 20), {{path(file), offset}});
            }
            writer.close();
            CHECK(pool.statistics().out == 0);
            CHECK(pool.statistics().peak_held <= 3000);
            CHECK(writer.statistics().max_in_flight <= 5);
            CHECK(writer.statistics().bytes == 40'000);
            for (std::uint64_t file = 0; file < files; ++file) {
                const auto bytes = bytes_of(path(file));
                REQUIRE(bytes.size() == 400);
                REQUIRE(test::holds(bytes, file, 0));
            }
        }
}

TEST_CASE("a buffer in slices goes back when the last one is written") {
    const test::TemporaryDirectory directory;
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("slices");
        const auto a = directory / ("a" + io::to_string(backend));
        const auto b = directory / ("b" + io::to_string(backend));
        io::BufferPool pool(1000);
        RangeWriter writer({.backend = backend});
        writer.put(part(pool, 1, 0, 1000), {{a, 0, 0, 300}, {b, 5, 300, 100}, {a, 300, 400}});
        writer.put(Buffer{}, {});
        writer.put(part(pool, 1, 0, 1000), {}); // waits for the first buffer; nothing to write
        writer.flush();
        CHECK(pool.statistics().out == 0);
        CHECK(pool.statistics().allocations == 1);
        const auto in_a = bytes_of(a);
        const auto in_b = bytes_of(b);
        REQUIRE(in_a.size() == 900);
        REQUIRE(in_b.size() == 105);
        CHECK(test::holds(std::span(in_a).first(300), 1, 0));
        CHECK(test::holds(std::span(in_a).subspan(300), 1, 400));
        CHECK(test::holds(std::span(in_b).subspan(5), 1, 300));
    }
}

TEST_CASE("what is behind a flush is written after what was before it") {
    const test::TemporaryDirectory directory;
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("flush");
        const auto path = directory / io::to_string(backend);
        io::BufferPool pool(1 << 16);
        RangeWriter writer({.backend = backend});
        for (std::uint64_t round = 0; round < 50; ++round) {
            for (core::Index i = 0; i < 10; ++i)
                writer.put(part(pool, round, i * 10, 10), {{path, i * 10}});
            writer.flush();
            REQUIRE(test::holds(bytes_of(path), round, 0));
        }
        writer.close();
        writer.close();
        CHECK_THROWS_WITH(writer.put(part(pool, 1, 0, 1), {{path}}), Catch::Contains("closed"));
        CHECK_NOTHROW(writer.flush());
    }
}

TEST_CASE("a copy: what one reads, another writes from there, by several threads") {
    const test::TemporaryDirectory directory;
    constexpr core::Index size = 1'000'000;
    const auto from = test::make_file(directory, 1, size);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("copy", 60s);
        const auto to = directory / io::to_string(backend);
        io::BufferPool pool(60'000);
        core::Index next = 0;
        const auto source = [&]() -> std::optional<std::variant<io::ReadRequest, io::EndOfGroup>> {
            if (next == size) return std::nullopt;
            const core::Index offset = std::exchange(next, std::min(size, next + 7777));
            return io::ReadRequest{from, {{offset, next - offset}}};
        };
        RangeWriter writer({.backend = backend, .depth = 4});
        io::RangeReader reader(pool, source, {.backend = backend, .depth = 9});
        std::vector<std::thread> threads;
        for (int t = 0; t < 2; ++t)
            threads.emplace_back([&] {
                while (auto event = reader.next()) {
                    auto& read = std::get<io::RangeRead>(*event);
                    writer.put(std::move(read.bytes), {{to, read.offset}});
                }
            });
        for (std::thread& thread : threads)
            thread.join();
        writer.close();
        CHECK(bytes_of(to) == bytes_of(from));
        CHECK(pool.statistics().peak_held <= 60'000);
        CHECK(pool.statistics().out == 0);
    }
}
