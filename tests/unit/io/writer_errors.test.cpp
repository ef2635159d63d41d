// What goes wrong while writing: with real files, or with a queue that misbehaves as a disk may.
#include "morphogen/core/error.hpp"
#include "morphogen/io/range_writer.hpp"

#include "io/write_engine.hpp"
#include "writer_support.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>

using namespace morphogen;
using io::RangeWriter;
using io::WriteSlice;
using test::bytes_of;
using test::part;
using test::Watchdog;
using namespace std::chrono_literals;

TEST_CASE("the first error names file, offset and length, and ends the writing") {
    const test::TemporaryDirectory directory;
    const std::map<std::filesystem::path, const char*> bad{
        {directory.path(), "directory"},
        {directory / "missing" / "file", "No such file"},
        {"/dev/full", "No space left"}};
    for (const io::Backend backend : test::backends())
        for (const auto& [path, why] : bad) {
            const Watchdog watchdog("write errors");
            io::BufferPool pool(1000);
            RangeWriter writer({.backend = backend});
            writer.put(part(pool, 1, 0, 100), {{path, 40, 10, 20}});
            // Catch's combined matchers refer to their parts, so these need names.
            const auto where = Catch::Contains(path.native() + ", offset 40, length 20): ");
            const auto reason = Catch::Contains(why);
            const auto text = where && reason;
            CHECK_THROWS_WITH(writer.flush(), text);
            CHECK_THROWS_WITH(writer.put(part(pool, 1, 0, 100), {{directory / "fine"}}), text);
            CHECK_THROWS_WITH(writer.close(), text);
            CHECK_NOTHROW(writer.close());
            CHECK_FALSE(std::filesystem::exists(directory / "fine"));
            CHECK(pool.statistics().out == 0);
        }
}

TEST_CASE("slices outside their buffer are refused") {
    io::BufferPool pool(1000);
    RangeWriter writer;
    for (const WriteSlice& slice :
         {WriteSlice{"f", -1}, WriteSlice{"f", 0, -1}, WriteSlice{"f", 0, 101},
          WriteSlice{"f", 0, 50, 51}, WriteSlice{"f", 0, 0, -2}})
        CHECK_THROWS_AS(writer.put(part(pool, 1, 0, 100), {slice}), core::UsageError);
    CHECK(pool.statistics().out == 0);
}

TEST_CASE("a writer that is destroyed without close() leaks nothing") {
    const test::TemporaryDirectory directory;
    for (const io::Backend backend : test::backends())
        test::repeat_for(200ms, [&](unsigned seed) {
            const Watchdog watchdog("destroyed writer");
            test::Jitter random(seed);
            io::BufferPool pool(1 << 20);
            {
                RangeWriter writer({.backend = backend, .depth = 3, .open_files = 2});
                for (unsigned i = random.below(40); i > 0; --i)
                    writer.put(pool.acquire(1000), {{directory / std::to_string(i), 0}});
                random();
            }
            CHECK(pool.statistics().out == 0);
        });
}

namespace {

/// Writes a few bytes per call, is interrupted now and then; counts; fails where it is told to.
class FailingDisk final : public test::FaultyQueue {
public:
    struct Log {
        std::atomic<int> syncs{0};
        std::atomic<io::Action> failing{io::Action::status}; // never used by a writer
    };
    FailingDisk(io::Backend backend, Log& log) : FaultyQueue(backend, 1), log_(log) {}

    void before(io::Operation& op) override {
        full_ = op.length;
        op.length = std::min(op.length, op.done + 1 + random_.below(50));
    }
    void after(io::Operation& op) override {
        op.length = full_;
        if (op.action == io::Action::sync) ++log_.syncs;
        if (op.action == log_.failing)
            op.result = -EIO;
        else if (op.action == io::Action::write && random_.below(3) == 0)
            op.result = random_.below(2) == 0 ? -EINTR : -EAGAIN;
    }

private:
    Log& log_;
    std::size_t full_ = 0; // one operation at a time: the depth is 1
    test::Jitter random_{1};
};

} // namespace

TEST_CASE("short writes go on, files are synced, errors of sync and close are reported") {
    const test::TemporaryDirectory directory;
    for (const io::Backend backend : test::backends())
        for (const io::Action failing : {io::Action::status, io::Action::sync, io::Action::close}) {
            const Watchdog watchdog("bad disk");
            const auto path =
                directory / (io::to_string(backend) + std::to_string(static_cast<int>(failing)));
            FailingDisk::Log log;
            io::MadeQueue made{std::make_unique<FailingDisk>(backend, log)};
            io::WriteEngine engine({.depth = 1}, io::Sync::files, std::move(made));
            io::BufferPool pool(1 << 16);
            engine.put(part(pool, 1, 0, 3000), {{path}});
            engine.flush();
            CHECK(log.syncs == 1);
            CHECK(test::holds(bytes_of(path), 1, 0));
            CHECK(bytes_of(path).size() == 3000);
            engine.flush();
            CHECK(log.syncs == 1); // nothing new
            log.failing = failing;
            engine.put(part(pool, 1, 3000, 10), {{path, 3000}});
            if (failing == io::Action::status)
                CHECK_NOTHROW(engine.close());
            else
                CHECK_THROWS_WITH(engine.close(), Catch::Contains(path.native()) &&
                                                      Catch::Contains("Input/output error"));
            CHECK(log.syncs == 2);
            CHECK(pool.statistics().out == 0);
        }
}

namespace {

/// Notes a sync or a close that begins while a write to the same file has not come back.
class OrderWatch final : public test::FaultyQueue {
public:
    OrderWatch(io::Backend backend, bool& disorder)
        : FaultyQueue(backend, 8), disorder_(disorder) {}

    void before(io::Operation& op) override {
        if (op.action == io::Action::write)
            ++writes_[op.descriptor];
        else if (op.action != io::Action::open && writes_[op.descriptor] > 0)
            disorder_ = true;
    }
    void after(io::Operation& op) override {
        if (op.action == io::Action::write) --writes_[op.descriptor];
    }

private:
    bool& disorder_;
    std::map<int, int> writes_; // in flight, by descriptor
};

} // namespace

TEST_CASE("a file is synced and closed when its writes have come back") {
    const test::TemporaryDirectory directory;
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("order");
        bool disorder = false;
        io::MadeQueue made{std::make_unique<OrderWatch>(backend, disorder)};
        {
            io::WriteEngine engine({.depth = 8, .open_files = 3}, io::Sync::files, std::move(made));
            io::BufferPool pool(1 << 20);
            test::Jitter random(1);
            for (core::Index i = 0; i < 300; ++i) {
                const auto path = directory / std::to_string(random.below(6));
                engine.put(part(pool, 1, 0, 3000), {{path, i * 3000}});
                if (random.below(20) == 0) engine.flush();
            }
            engine.close();
        }
        CHECK_FALSE(disorder);
    }
}
