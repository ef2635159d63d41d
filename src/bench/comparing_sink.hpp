#pragma once

#include "morphogen/core/stopwatch.hpp"
#include "morphogen/store/frame_sink.hpp"

#include "bench/passing_sink.hpp"
#include "bench/scratch_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace morphogen::bench {

/// CPU seconds of f() on this thread.
template <typename F>
double cpu_seconds_of(F&& f) {
    const double start = core::thread_cpu_seconds();
    f();
    return core::thread_cpu_seconds() - start;
}

/// CPU seconds of frames, one by one, and the bytes of all.
struct WriteCost {
    std::vector<double> seconds;
    std::uint64_t bytes = 0;

    double per_byte() const noexcept;
};

/// What a run's sink takes to store frames, and what write() takes for the chunks of those between.
struct WriteCosts {
    WriteCost sink;
    WriteCost plain;

    /// What a frame takes more than the next one's chunks by write(): the median of all, in
    /// seconds. Their sums also hold the few frames for which the system had no free page at hand.
    double beyond_plain() const;
};

/// Stands before a run's sink, and passes everything on to it. Every other frame's chunks go to a
/// file of their own by write() first, as they come, and that is measured; of the frames between,
/// what the sink takes. So both find the chunks in the caches of the threads that encoded them, and
/// their own code, the library's and the system's where the simulation has left it: whichever came
/// second would find all that warm.
class ComparingSink final : public PassingSink {
public:
    /// @p costs: what is measured is added to it. @p path: of the plain file. @throws core::Error
    ComparingSink(std::unique_ptr<store::FrameSink> sink, WriteCosts& costs,
                  const std::filesystem::path& path)
        : PassingSink(std::move(sink)), costs_(&costs), plain_(path) {}

    void begin_frame(const store::FrameRecord& record) override;
    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override;
    void end_frame() override;
    void commit() override;

private:
    WriteCost& cost() noexcept { return sink_counts_ ? costs_->sink : costs_->plain; }
    template <typename Call>
    void measure(Call&& call);

    WriteCosts* costs_;
    PlainFile plain_;
    bool sink_counts_ = false; // of the frame that is being written
};

} // namespace morphogen::bench
