#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

namespace morphogen::bench {

/// A run of one rank that stores V.
config::Config make_config(core::Index height, core::Index width, const codec::Codec& codec,
                           config::Sync sync);

/// A new frames.h5 in @p directory, which is created. @throws core::Error
std::unique_ptr<store::FrameSink> open_frames_file(const config::Config& config,
                                                   const store::FrameLayout& layout,
                                                   const std::filesystem::path& directory);

/// The layout of the only rank.
store::FrameLayout whole_layout(const config::Config& config);

/// A disk that takes @p bytes_per_second in front of another sink: each chunk waits until the ones
/// before it are through, as a synchronous write to a slow disk does.
class SlowSink final : public store::FrameSink {
public:
    SlowSink(std::unique_ptr<store::FrameSink> inner, double bytes_per_second)
        : inner_(std::move(inner)), seconds_per_byte_(1.0 / bytes_per_second) {}

    bool takes_chunks() const noexcept override { return inner_->takes_chunks(); }
    void check_stored(const store::Frame& frame) override { inner_->check_stored(frame); }
    void begin_frame(const store::FrameRecord& record) override { inner_->begin_frame(record); }
    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override;
    void put_frame(const store::Frame& frame) override { inner_->put_frame(frame); }
    void end_frame() override { inner_->end_frame(); }
    void commit() override { inner_->commit(); }
    void secure() override { inner_->secure(); }
    core::Index segment_start() const noexcept override { return inner_->segment_start(); }
    core::Index flushed() const noexcept override { return inner_->flushed(); }
    void publish(core::Index frames) override { inner_->publish(frames); }
    core::Index committed() const noexcept override { return inner_->committed(); }
    void close() override { inner_->close(); }
    void abandon() noexcept override { inner_->abandon(); }
    std::uint64_t bytes_stored() const noexcept override { return inner_->bytes_stored(); }
    double sync_seconds() const noexcept override { return inner_->sync_seconds(); }

private:
    using Clock = std::chrono::steady_clock;
    std::unique_ptr<store::FrameSink> inner_;
    double seconds_per_byte_;
    Clock::time_point through_{}; // when the disk is through with what it has
};

} // namespace morphogen::bench
