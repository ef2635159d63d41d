#pragma once

#include "morphogen/store/frame_sink.hpp"

namespace morphogen::run {

/// The sink of a run that stores no frames: its writer thread only writes checkpoints.
class FramelessSink final : public store::FrameSink {
public:
    bool takes_chunks() const noexcept override { return false; }
    void check_stored(const store::Frame&) override {}
    void begin_frame(const store::FrameRecord&) override {}
    void put_chunk(std::size_t, core::Index, std::span<const std::byte>) override {}
    void put_frame(const store::Frame&) override {}
    void end_frame() override {}
    void commit() override {}
    void secure() override {}
    core::Index flushed() const noexcept override { return 0; }
    void publish(core::Index) override {}
    core::Index committed() const noexcept override { return 0; }
    core::Index segment_start() const noexcept override { return 0; }
    void close() override {}
    void abandon() noexcept override {}
    std::uint64_t bytes_stored() const noexcept override { return 0; }
    double sync_seconds() const noexcept override { return 0.0; }
};

} // namespace morphogen::run
