#pragma once

#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"

#include "store/master_file.hpp"
#include "store/part_file.hpp"
#include "store/sink_start.hpp"
#include "store/stored_frames.hpp"

#include <memory>
#include <vector>

namespace morphogen::store {

/// Files of one rank's own, chunk by chunk: frames.h5 itself, or a part of each segment, which rank
/// 0 presents in a virtual frames.h5.
///
/// Ranks close a full segment and begin the next one each for itself. frames.h5 presents the new
/// one when rank 0 publishes its first frame, as every rank has flushed it then; until that a kill
/// leaves parts that nothing refers to and that hold nothing committed.
class ChunkSink final : public FrameSink {
public:
    /// Opens this rank's file; rank 0 of several calls open_master() once all have.
    ChunkSink(SinkFiles files, const FrameLayout& layout, const Provenance& provenance,
              SinkStart start = {});

    /// Makes frames.h5 over the parts of every rank, unless the only rank writes to it directly.
    void open_master();
    /// Instead of anything else, after open_master() failed here or on another rank: the files that
    /// were there already are closed as they were, so that whoever reads them sees all their
    /// frames.
    void give_up() noexcept;

    bool takes_chunks() const noexcept override { return true; }
    void check_stored(const Frame& frame) override { stored_.check(layout_, frame); }
    void begin_frame(const FrameRecord& record) override;
    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override;
    void put_frame(const Frame& frame) override;
    void end_frame() override { part_->end_frame(); }
    void commit() override;
    void secure() override;
    core::Index segment_start() const noexcept override { return part_->first_frame(); }
    core::Index flushed() const noexcept override { return part_->flushed(); }
    void publish(core::Index frames) override;
    core::Index committed() const noexcept override { return committed_; }
    void close() override;
    void abandon() noexcept override;
    std::uint64_t bytes_stored() const noexcept override;
    double sync_seconds() const noexcept override;

private:
    bool is_alone() const noexcept { return files_.blocks.size() == 1; }
    bool has_master() const noexcept;
    Segment segment(core::Index number, core::Index first_frame) const;
    std::filesystem::path first_path() const;
    PartPlace place(core::Index first_frame) const;
    void begin_segment(core::Index first_frame);
    void make_master(MasterStart start);
    void renew_master();
    void append_to_master(core::Index frames);

    SinkFiles files_;
    FrameLayout layout_;
    Provenance provenance_;
    SinkStart start_;
    StoredFrames stored_;
    std::vector<Segment> segments_; // frames.h5 presents, the open one last
    std::vector<Segment> begun_;    // after those
    core::Index number_ = 0;        // of the open one
    std::unique_ptr<PartFile> part_;
    std::unique_ptr<MasterFile> master_;
    std::vector<FrameRecord> unpublished_; // flushed, not in the master yet
    core::Index committed_ = 0;
    std::uint64_t closed_bytes_ = 0; // stored in segments before
    double closed_sync_seconds_ = 0.0;
};

} // namespace morphogen::store
