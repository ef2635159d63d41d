#include "morphogen/core/error.hpp"
#include "morphogen/run/writer.hpp"

#include "catch.hpp"
#include "fake_sink.hpp"

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

using namespace morphogen;
using namespace morphogen::run;
using core::Index;
using morphogen::run::test::FakeSink;
using morphogen::run::test::SinkLog;

namespace {

store::FrameLayout tiny_layout() {
    return run::test::layout_of({1, 8, 8}, {1, 4, 4});
}

void push(Writer& writer, Index number) {
    store::Frame frame = writer.acquire();
    std::memset(frame.cells.data(), static_cast<int>(number % 251), frame.cells.size());
    frame.record.number = number;
    writer.push(std::move(frame));
}

} // namespace

TEST_CASE("a job is done between two frames, once those before it are flushed and secured") {
    for (const Index at : {0, 1, 7, 12})
        for (const Index flush_every : {1, 5}) {
            CAPTURE(at, flush_every);
            SinkLog log;
            Writer writer(std::make_unique<FakeSink>(log, std::chrono::microseconds(20)),
                          tiny_layout(),
                          {.queue_frames = 2, .flush_every = flush_every, .threads = 2});
            Index ended = -1;
            Index flushed = -1;
            Index secured = -1;
            for (Index i = 0; i < 12; ++i) {
                if (i == at)
                    writer.submit({at, true, [&](const store::FrameSink&) {
                                       ended = static_cast<Index>(log.frames.size());
                                       flushed = log.flushed;
                                       secured = static_cast<Index>(log.secured.size());
                                   }});
                push(writer, i);
            }
            if (at == 12)
                writer.submit({at, true, [&](const store::FrameSink&) {
                                   ended = static_cast<Index>(log.frames.size());
                                   flushed = log.flushed;
                                   secured = static_cast<Index>(log.secured.size());
                               }});
            writer.wait_for_job();
            CHECK(ended == at);
            CHECK(flushed == at);
            CHECK(secured == 1);
            writer.close();
            CHECK(log.frames.size() == 12);
        }
}

TEST_CASE("jobs are done while the writer waits, before and after the last frame") {
    SinkLog log;
    Writer writer(std::make_unique<FakeSink>(log), tiny_layout(), {});
    std::vector<int> order;
    const auto job = [&](int n) {
        return WriterJob{.after_frames = 0,
                         .work = [&order, n](const store::FrameSink&) { order.push_back(n); }};
    };
    writer.submit(job(1));
    writer.wait_for_job(); // no frame comes
    push(writer, 0);
    writer.drain();
    CHECK(writer.job_done());
    writer.submit(job(2));
    writer.wait_for_job();
    writer.submit(job(3)); // nobody waits: close() does it
    writer.close();
    CHECK(order == std::vector<int>{1, 2, 3});
    CHECK(log.secured.empty()); // none of them asked for it
}

TEST_CASE("what the ranks have agreed on is published before a job") {
    SinkLog log;
    Writer writer(std::make_unique<FakeSink>(log), tiny_layout(), {});
    push(writer, 0);
    while (writer.flushed() < 1)
        std::this_thread::yield();
    writer.publish(1);
    Index published = -1;
    writer.submit({1, false, [&](const store::FrameSink& sink) { published = sink.committed(); }});
    writer.wait_for_job();
    CHECK(published == 1);
    writer.close();
}

TEST_CASE("a job's error is the writer's") {
    SinkLog log;
    Writer writer(std::make_unique<FakeSink>(log), tiny_layout(), {});
    CHECK_NOTHROW(writer.check());
    writer.submit({0, false, [](const store::FrameSink&) { throw core::Error("disk on fire"); }});
    CHECK_THROWS_WITH(writer.wait_for_job(), "disk on fire");
    CHECK_THROWS_WITH(writer.check(), "disk on fire");
    CHECK_THROWS_WITH(writer.close(), "disk on fire");
    CHECK(log.abandoned);
}

TEST_CASE("frames that are stored are compared, not written, and later ones are written") {
    SinkLog log;
    log.flushed = 4;
    for (Index n = 0; n < 4; ++n)
        log.frames.push_back(n);
    Writer writer(std::make_unique<FakeSink>(log), tiny_layout(),
                  {.first_frame = 2, .queue_frames = 1, .threads = 2});
    CHECK(writer.flushed() == 4);
    for (Index i = 2; i < 8; ++i)
        push(writer, i);
    writer.close();
    CHECK(log.checked == std::vector<Index>{2, 3});
    CHECK(log.frames == std::vector<Index>{0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(log.chunks.size() == 4);
}

TEST_CASE("frames that cannot be compared are passed over") {
    SinkLog log;
    log.flushed = 2;
    Writer writer(std::make_unique<FakeSink>(log), tiny_layout(), {.compares = false});
    for (Index i = 0; i < 3; ++i)
        push(writer, i);
    writer.close();
    CHECK(log.checked.empty());
    CHECK(log.frames == std::vector<Index>{2});
}

TEST_CASE("a launch that ends among the stored frames compares those it was given") {
    SinkLog log;
    log.flushed = 4;
    Writer writer(std::make_unique<FakeSink>(log), tiny_layout(), {.first_frame = 1});
    push(writer, 1);
    bool done = false;
    writer.submit({2, true, [&](const store::FrameSink&) { done = true; }});
    writer.wait_for_job();
    CHECK(done);
    writer.close();
    CHECK(log.checked == std::vector<Index>{1});
    CHECK(writer.flushed() == 4);
}

TEST_CASE("a stored frame that differs is the writer's error") {
    SinkLog log;
    log.flushed = 2;
    WriterOptions options;
    options.probe = [](WriterStage stage, Index frame) {
        if (stage == WriterStage::compare && frame == 1) throw core::Error("frame 1 differs");
    };
    Writer writer(std::make_unique<FakeSink>(log), tiny_layout(), std::move(options));
    const auto run = [&] {
        push(writer, 0);
        push(writer, 1);
        writer.close();
    };
    CHECK_THROWS_WITH(run(), "frame 1 differs");
    CHECK(log.checked == std::vector<Index>{0});
}
