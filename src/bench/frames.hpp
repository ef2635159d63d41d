#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"

#include "bench/passing_sink.hpp"

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
class SlowSink final : public PassingSink {
public:
    SlowSink(std::unique_ptr<store::FrameSink> inner, double bytes_per_second)
        : PassingSink(std::move(inner)), seconds_per_byte_(1.0 / bytes_per_second) {}

    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override;

private:
    using Clock = std::chrono::steady_clock;
    double seconds_per_byte_;
    Clock::time_point through_{}; // when the disk is through with what it has
};

} // namespace morphogen::bench
