#pragma once

#include "morphogen/store/frame_sink.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace morphogen::run::test {

/// One block that is the whole grid.
inline store::FrameLayout layout_of(const core::Extents& global, const core::Extents& chunk) {
    store::FrameLayout layout;
    layout.global = global;
    layout.block = {{0, 0, 0}, global};
    layout.chunk = chunk;
    layout.filters.element_size = 4;
    return layout;
}

/// What a FakeSink saw; outlives the sink.
struct SinkLog {
    std::vector<core::Index> frames;      // numbers, in the order of end_frame
    std::map<core::Index, int> chunks;    // chunks put, by frame
    std::vector<std::thread::id> threads; // of every call
    std::size_t foreign_bytes = 0;        // of chunks stored as they are: not their frame's number
    std::vector<core::Index> checked;     // numbers, in order
    std::vector<core::Index> secured;     // frames flushed at each secure()
    core::Index flushed = 0;
    core::Index published = 0;
    bool closed = false;
    bool abandoned = false;
};

/// A sink that keeps count instead of writing. The log may be read once the writer is closed or
/// destroyed.
class FakeSink final : public store::FrameSink {
public:
    explicit FakeSink(SinkLog& log, std::chrono::microseconds delay = {})
        : log_(log), delay_(delay) {}

    bool takes_chunks() const noexcept override { return true; }
    void check_stored(const store::Frame& frame) override {
        log_.checked.push_back(frame.record.number);
    }
    void begin_frame(const store::FrameRecord& record) override {
        log_.threads.push_back(std::this_thread::get_id());
        current_ = record.number;
    }
    void put_chunk(std::size_t, core::Index, std::span<const std::byte> stored) override {
        log_.threads.push_back(std::this_thread::get_id());
        if (delay_.count() > 0) std::this_thread::sleep_for(delay_);
        ++log_.chunks[current_];
        for (const std::byte b : stored)
            log_.foreign_bytes += b != static_cast<std::byte>(current_ % 251);
        bytes_ += stored.size();
    }
    void put_frame(const store::Frame&) override {}
    void end_frame() override { log_.frames.push_back(current_); }
    void commit() override { log_.flushed = static_cast<core::Index>(log_.frames.size()); }
    void secure() override { log_.secured.push_back(log_.flushed); }
    core::Index segment_start() const noexcept override { return 0; }
    core::Index flushed() const noexcept override { return log_.flushed; }
    void publish(core::Index frames) override { log_.published = frames; }
    core::Index committed() const noexcept override { return log_.published; }
    void close() override { log_.closed = true; }
    void abandon() noexcept override { log_.abandoned = true; }
    std::uint64_t bytes_stored() const noexcept override { return bytes_; }
    double sync_seconds() const noexcept override { return 0.0; }

private:
    SinkLog& log_;
    std::chrono::microseconds delay_;
    core::Index current_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace morphogen::run::test
