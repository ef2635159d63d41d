#pragma once

#include "morphogen/store/frame_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace morphogen::bench {

/// Stands before a sink and passes every call on to it; what derives from it does more in some.
class PassingSink : public store::FrameSink {
public:
    explicit PassingSink(std::unique_ptr<store::FrameSink> inner) : inner_(std::move(inner)) {}

    bool takes_chunks() const noexcept override { return inner_->takes_chunks(); }
    void check_stored(const store::Frame& frame) override { inner_->check_stored(frame); }
    void begin_frame(const store::FrameRecord& record) override { inner_->begin_frame(record); }
    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override {
        inner_->put_chunk(field, chunk, stored);
    }
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
    std::unique_ptr<store::FrameSink> inner_;
};

} // namespace morphogen::bench
