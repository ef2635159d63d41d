#include "morphogen/run/writer.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "fake_sink.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <thread>

using namespace morphogen;
using namespace morphogen::run;
using core::Index;
using morphogen::run::test::FakeSink;
using morphogen::run::test::SinkLog;

namespace {

/// 40 x 60 cells of f32 in chunks of 16 x 16, some of them clipped: 12 chunks.
store::FrameLayout small_layout() {
    return run::test::layout_of({1, 40, 60}, {1, 16, 16});
}

store::Frame filled(Writer& writer, Index number) {
    store::Frame frame = writer.acquire();
    std::memset(frame.cells.data(), static_cast<int>(number % 251), frame.cells.size());
    frame.record.number = number;
    return frame;
}

constexpr std::array stages{WriterStage::begin_frame, WriterStage::encode, WriterStage::put_chunk,
                            WriterStage::end_frame,   WriterStage::commit, WriterStage::close};

} // namespace

TEST_CASE("every frame is written once in order by one thread and then flushed") {
    SinkLog log;
    const Index frames = 20;
    for (int threads : {1, 2, 3}) {
        log = {};
        Writer writer(std::make_unique<FakeSink>(log), small_layout(),
                      {.queue_frames = 2, .threads = threads});
        for (Index i = 0; i < frames; ++i)
            writer.push(filled(writer, i));
        writer.drain();
        CHECK(writer.flushed() == frames);
        writer.close();
        REQUIRE(log.frames.size() == static_cast<std::size_t>(frames));
        CHECK(std::is_sorted(log.frames.begin(), log.frames.end()));
        for (const auto& [frame, chunks] : log.chunks)
            CHECK(chunks == 12);
        CHECK(std::set(log.threads.begin(), log.threads.end()).size() == 1);
        CHECK(log.threads.front() != std::this_thread::get_id());
        CHECK(log.closed);
        CHECK_FALSE(log.abandoned);
        CHECK(writer.figures().buffers_allocated <= 4);
        CHECK(writer.figures().bytes_raw == 20u * 40 * 60 * 4);
    }
}

TEST_CASE("a frame of more chunks than are in flight is stored from its own cells") {
    // Its first chunk is stored, and its place in the ring taken by another, before its last
    // begins.
    store::FrameLayout layout = small_layout();
    layout.chunk = {1, 4, 4};
    layout.filters = {.codec = {codec::Compressor::none, 0}, .shuffle = false, .checksum = false};
    for (const int threads : {1, 2, 3}) {
        SinkLog log;
        Writer writer(std::make_unique<FakeSink>(log), layout,
                      {.queue_frames = 2, .threads = threads});
        for (Index i = 0; i < 60; ++i)
            writer.push(filled(writer, i));
        writer.close();
        CHECK(log.chunks.size() == 60);
        CHECK(log.foreign_bytes == 0);
    }
}

TEST_CASE("a slow sink holds the simulation back and memory stays bounded") {
    SinkLog log;
    Writer writer(std::make_unique<FakeSink>(log, std::chrono::microseconds(200)), small_layout(),
                  {.queue_frames = 1});
    for (Index i = 0; i < 30; ++i)
        writer.push(filled(writer, i));
    writer.close();
    const WriterFigures figures = writer.figures();
    CHECK(figures.buffers_allocated == 3);
    CHECK(figures.queue_max == 1);
    CHECK(figures.stall_s > 0.0);
    CHECK(log.frames.size() == 30);
}

TEST_CASE("commits come every flush_every frames and at the end") {
    SinkLog log;
    std::vector<Index> commits;
    WriterOptions options{.queue_frames = 2, .flush_every = 4};
    options.probe = [&](WriterStage stage, Index frame) {
        if (stage == WriterStage::commit) commits.push_back(frame);
    };
    Writer writer(std::make_unique<FakeSink>(log), small_layout(), std::move(options));
    for (Index i = 0; i < 10; ++i)
        writer.push(filled(writer, i));
    writer.close();
    CHECK(commits == std::vector<Index>{3, 7, 9});
    CHECK(log.flushed == 10);
}

TEST_CASE("what is published reaches a waiting sink without another frame") {
    SinkLog log;
    Writer writer(std::make_unique<FakeSink>(log), small_layout(), {});
    writer.push(filled(writer, 0));
    while (writer.flushed() < 1)
        std::this_thread::yield();
    writer.publish(1);
    writer.close();
    CHECK(log.published == 1);
    CHECK(writer.committed() == 1);
}

TEST_CASE("the first error of any stage reaches the simulation with its text and nothing hangs") {
    for (const WriterStage failing : stages)
        for (const Index at : {0, 3}) {
            CAPTURE(static_cast<int>(failing), at);
            SinkLog log;
            WriterOptions options{.queue_frames = 1, .threads = 2};
            options.probe = [&](WriterStage stage, Index frame) {
                if (stage == failing && frame >= at) throw core::Error("disk on fire");
            };
            Writer writer(std::make_unique<FakeSink>(log), small_layout(), std::move(options));
            const auto run = [&] {
                for (Index i = 0; i < 10; ++i)
                    writer.push(filled(writer, i));
                writer.close();
            };
            CHECK_THROWS_WITH(run(), "disk on fire");
            // And again: whoever asks later hears the same.
            CHECK_THROWS_WITH(writer.acquire(), "disk on fire");
            CHECK_THROWS_WITH(writer.drain(), "disk on fire");
            if (failing != WriterStage::close) CHECK(writer.flushed() <= at);
        }
}

TEST_CASE("a failed writer abandons its file and calls on_failure once") {
    SinkLog log;
    int failures = 0;
    {
        WriterOptions options;
        options.probe = [](WriterStage stage, Index) {
            if (stage == WriterStage::commit) throw core::Error("no space left");
        };
        options.on_failure = [&](const std::exception_ptr&) { ++failures; };
        Writer writer(std::make_unique<FakeSink>(log), small_layout(), std::move(options));
        writer.push(filled(writer, 0));
        CHECK_THROWS_WITH(writer.close(), "no space left");
    }
    CHECK(log.abandoned);
    CHECK_FALSE(log.closed);
    CHECK(failures == 1);
}

TEST_CASE("a writer that is destroyed early abandons its file and joins its thread") {
    SinkLog log;
    {
        Writer writer(std::make_unique<FakeSink>(log), small_layout(), {});
        writer.push(filled(writer, 0));
        const store::Frame in_hand = writer.acquire();
    }
    CHECK(log.abandoned);
    CHECK_FALSE(log.closed);
    { const Writer unused(std::make_unique<FakeSink>(log), small_layout(), {}); }
    CHECK(log.frames.size() <= 1);
}
