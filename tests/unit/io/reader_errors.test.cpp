// What goes wrong while reading: each with real files, or with a queue that misbehaves as a disk
// may.
#include "morphogen/core/error.hpp"
#include "morphogen/io/range_reader.hpp"

#include "io/read_engine.hpp"
#include "support.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <stdexcept>

using namespace morphogen;
using io::EndOfGroup;
using io::Range;
using io::RangeRead;
using io::RangeReader;
using io::ReadFailure;
using io::ReadRequest;
using test::Watchdog;

namespace {

std::vector<io::ReadEvent> read(io::Backend backend, const ReadRequest& request,
                                std::uint64_t limit = 1 << 16) {
    const Watchdog watchdog("one request");
    io::BufferPool pool(limit);
    RangeReader reader(pool, test::source_of({request}), {.backend = backend});
    return test::all_of(reader);
}

/// The one failure of a request that cannot be opened.
std::string open_failure(io::Backend backend, const std::filesystem::path& path) {
    const auto events = read(backend, {path, {Range{0, 1}, Range{2, 3}, Range{}}, 5});
    REQUIRE(events.size() == 1);
    const auto& failure = std::get<ReadFailure>(events[0]);
    CHECK(*failure.path == path);
    CHECK(failure.request_tag == 5);
    CHECK_FALSE(failure.range_tag);
    CHECK(failure.offset == 0);
    CHECK(failure.length == io::to_end);
    CHECK_THAT(failure.error.what(), Catch::Contains(path.native()));
    return failure.error.what();
}

} // namespace

TEST_CASE("a file that cannot be opened is one failure") {
    const test::TemporaryDirectory directory;
    const auto fifo = directory / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const auto secret = test::make_file(directory, 1, 10);
    std::filesystem::permissions(secret, std::filesystem::perms::none);
    for (const io::Backend backend : test::backends()) {
        CHECK_THAT(open_failure(backend, directory / "missing"), Catch::Contains("No such file"));
        CHECK_THAT(open_failure(backend, directory.path()), Catch::Contains("it is a directory"));
        CHECK_THAT(open_failure(backend, fifo), Catch::Contains("not a regular file"));
        CHECK_THAT(open_failure(backend, "/dev/null"), Catch::Contains("not a regular file"));
        if (::geteuid() == 0)
            WARN("skipped: a file without permission, which root may read");
        else
            CHECK_THAT(open_failure(backend, secret), Catch::Contains("denied"));
    }
}

namespace {

/// Has no descriptor for the first file, and cannot tell the size of the second.
class PoorDisk final : public test::FaultyQueue {
public:
    using FaultyQueue::FaultyQueue;

    void after(io::Operation& op) override {
        if (op.action == io::Action::open && ++opened_ == 1) {
            ::close(static_cast<int>(op.result));
            op.result = -EMFILE;
        }
        if (op.action == io::Action::status && opened_ == 2) op.result = -EIO;
    }

private:
    int opened_ = 0;
};

} // namespace

TEST_CASE("out of descriptors, or a file without a size: the request fails, the next is read") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 10);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("poor disk");
        io::MadeQueue made{std::make_unique<PoorDisk>(backend, 1)};
        // The same path three times: what failed is opened again.
        io::ReadEngine engine(io::BufferPool(1000),
                              test::source_of({ReadRequest{path}, EndOfGroup{}, ReadRequest{path},
                                               EndOfGroup{}, ReadRequest{path}}),
                              {.depth = 1, .open_files = 1}, std::move(made));
        const auto first = engine.next();
        CHECK_THAT(std::get<ReadFailure>(*first).error.what(),
                   Catch::Contains("Too many open files"));
        CHECK(std::holds_alternative<EndOfGroup>(*engine.next()));
        const auto second = engine.next();
        CHECK_THAT(std::get<ReadFailure>(*second).error.what(),
                   Catch::Contains("cannot open file (" + path.native() + "): Input/output"));
        CHECK(std::holds_alternative<EndOfGroup>(*engine.next()));
        const auto third = engine.next();
        CHECK(std::get<RangeRead>(*third).bytes.size() == 10);
        CHECK_FALSE(engine.next());
    }
}

TEST_CASE("a range that is not inside the file fails alone") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 100);
    constexpr core::Index huge = std::numeric_limits<core::Index>::max();
    for (const io::Backend backend : test::backends()) {
        const std::vector<Range> bad{{90, 11, 1},          {101, 0, 2},   {101, io::to_end, 3},
                                     {-101, 1, 4},         {-5, 6, 5},    {0, -2, 6},
                                     {huge, huge, 7},      {50, huge, 8}, {-huge, 1, 9},
                                     {-huge - 1, huge, 10}};
        ReadRequest request{path, bad, 3};
        request.ranges.push_back({90, 10, 0});
        int good = 0;
        std::vector<int> failed(bad.size() + 1);
        for (const io::ReadEvent& event : read(backend, request)) {
            if (const auto* const found = std::get_if<RangeRead>(&event)) {
                CHECK(found->range_tag == 0);
                CHECK(test::holds(found->bytes.span(), 1, 90));
                ++good;
                continue;
            }
            const auto& failure = std::get<ReadFailure>(event);
            const Range& range = bad.at(failure.range_tag.value() - 1);
            ++failed[failure.range_tag.value()];
            CHECK(failure.offset == range.offset);
            CHECK(failure.length == range.length);
            CHECK(failure.request_tag == 3);
            CHECK_THAT(failure.error.what(),
                       Catch::Contains("offset " + std::to_string(range.offset)));
        }
        CHECK(good == 1);
        CHECK(std::vector<int>(failed.begin() + 1, failed.end()) ==
              std::vector<int>(bad.size(), 1));
    }
}

TEST_CASE("a range larger than the pool fails alone, and says what would do") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 5000);
    for (const io::Backend backend : test::backends()) {
        const auto events = read(backend, {path, {Range{}, Range{0, 4096}}}, 4096);
        REQUIRE(events.size() == 2);
        const auto& failure = std::get<ReadFailure>(events[0]);
        CHECK(failure.length == 5000);
        CHECK_THAT(failure.error.what(), Catch::Contains("at least 5000"));
        CHECK(std::get<RangeRead>(events[1]).bytes.size() == 4096);
    }
}

TEST_CASE("a file that is cut while it is read fails only where bytes are missing") {
    const test::TemporaryDirectory directory;
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("cut file");
        const auto path = test::make_file(directory, 1, 1000);
        io::BufferPool pool(400);
        RangeReader reader(
            pool, test::source_of({ReadRequest{path, {{0, 400}, {400, 400, 1}, {10, 20, 2}}}}),
            {.backend = backend});
        auto first = reader.next(); // holds every byte: the others are yet to come
        std::filesystem::resize_file(path, 500);
        first.reset();
        const auto second = reader.next();
        const auto& failure = std::get<ReadFailure>(*second);
        CHECK(failure.offset == 400);
        CHECK(failure.length == 400);
        CHECK_THAT(failure.error.what(), Catch::Contains("the file ended at 500"));
        CHECK(test::holds(std::get<RangeRead>(*reader.next()).bytes.span(), 1, 10));
    }
}

TEST_CASE("a source's error comes after the results of the requests before") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 10);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("source throws");
        int asked = 0;
        const auto source = [&]() -> std::optional<std::variant<ReadRequest, EndOfGroup>> {
            if (++asked == 4) throw std::runtime_error("no list");
            return ReadRequest{path};
        };
        RangeReader reader(io::BufferPool(1000), source, {.backend = backend});
        for (int i = 0; i < 3; ++i)
            CHECK(std::holds_alternative<RangeRead>(*reader.next()));
        CHECK_THROWS_WITH(reader.next(), "no list");
        CHECK_THROWS_WITH(reader.next(), "no list");
    }
}

namespace {

/// Reads at most a few bytes per call, is interrupted now and then, and fails at one offset.
class BadDisk final : public test::FaultyQueue {
public:
    using FaultyQueue::FaultyQueue;

    void before(io::Operation& op) override {
        if (op.action != io::Action::read) return;
        full_ = op.length;
        op.length = std::min(op.length, op.done + 1 + random_.below(100));
    }
    void after(io::Operation& op) override {
        if (op.action == io::Action::read) op.length = full_;
        if (op.action == io::Action::close) return;
        if (op.action == io::Action::open && op.result >= 0 && random_.below(3) == 0) {
            ::close(static_cast<int>(op.result));
            op.result = -EINTR;
        }
        if (op.action != io::Action::read) return;
        if (op.offset == 700)
            op.result = -EIO;
        else if (random_.below(3) == 0)
            op.result = random_.below(2) == 0 ? -EINTR : -EAGAIN;
    }

private:
    std::size_t full_ = 0; // one read at a time: the depth is 1
    test::Jitter random_{1};
};

} // namespace

TEST_CASE("short reads go on, interrupted ones are repeated, failing ones are named") {
    const test::TemporaryDirectory directory;
    const auto path = test::make_file(directory, 1, 3000);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("bad disk");
        io::MadeQueue made{std::make_unique<BadDisk>(backend, 1)};
        io::ReadEngine engine(
            io::BufferPool(1 << 16),
            test::source_of({ReadRequest{path, {{}, {700, 5, 1}, {701, 999, 2}}}}), {.depth = 1},
            std::move(made));
        const auto whole = engine.next();
        CHECK(std::get<RangeRead>(*whole).bytes.size() == 3000);
        CHECK(test::holds(std::get<RangeRead>(*whole).bytes.span(), 1, 0));
        const auto failed = engine.next();
        CHECK_THAT(std::get<ReadFailure>(*failed).error.what(),
                   Catch::Contains("offset 700, length 5): Input/output error"));
        CHECK(test::holds(std::get<RangeRead>(*engine.next()).bytes.span(), 1, 701));
        CHECK_FALSE(engine.next());
        CHECK(engine.statistics().max_in_flight == 1);
    }
}

namespace {

/// Holds the opening of one file back until a number of other operations have come back.
class SlowFile final : public test::FaultyQueue {
public:
    SlowFile(io::Backend backend, std::string path, int others)
        : FaultyQueue(backend, 2), path_(std::move(path)), others_(others) {}

    void wait(std::vector<io::Operation*>& completed) override {
        FaultyQueue::wait(completed);
        const auto slow = std::find_if(completed.begin(), completed.end(), [&](io::Operation* op) {
            return op->action == io::Action::open && op->path == path_;
        });
        if (slow != completed.end()) {
            held_ = *slow;
            completed.erase(slow);
        }
        others_ -= static_cast<int>(completed.size());
        if (held_ != nullptr && others_ <= 0) completed.push_back(std::exchange(held_, nullptr));
    }

private:
    std::string path_;
    int others_;
    io::Operation* held_ = nullptr;
};

} // namespace

TEST_CASE("many failures of later groups do not keep the first from going on") {
    const test::TemporaryDirectory directory;
    const auto slow = test::make_file(directory, 1, 10);
    for (const io::Backend backend : test::backends()) {
        const Watchdog watchdog("failures of later groups");
        std::vector<std::variant<ReadRequest, EndOfGroup>> items{ReadRequest{slow}, EndOfGroup{}};
        for (int i = 0; i < 1000; ++i) {
            items.emplace_back(ReadRequest{directory / "missing"});
            items.emplace_back(EndOfGroup{});
        }
        // 131 failures and as many ends: about what may be held back.
        io::MadeQueue made{std::make_unique<SlowFile>(backend, slow.native(), 131)};
        io::ReadEngine engine(io::BufferPool(1000), test::source_of(std::move(items)), {.depth = 2},
                              std::move(made));
        CHECK(std::holds_alternative<RangeRead>(*engine.next()));
        int more = 0;
        while (engine.next())
            ++more;
        CHECK(more == 2001);
    }
}
