#pragma once

#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"

#include "store/record_table.hpp"
#include "store/skeleton.hpp"
#include "store/swmr_file.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace morphogen::store {

/// frames.h5 over parts: virtual frames, real /step, /time and /stats. Rank 0 has it.
class MasterFile {
public:
    MasterFile(const std::filesystem::path& path, config::Sync sync, const FrameLayout& layout,
               const std::vector<PartSource>& parts, const Provenance& provenance);

    core::Index size() const noexcept { return records_.size(); }
    void append(std::span<const FrameRecord> records);
    void close();
    void abandon() noexcept { file_.abandon(); }
    double sync_seconds() const noexcept { return file_.sync_seconds(); }

private:
    SwmrFile file_; // outlives the datasets in it
    RecordTable records_;
};

/// Who says that a frame is committed.
enum class Counting {
    alone,    // this file's /step
    by_master // frames.h5's, once every rank has flushed the frame: publish()
};

/// A file of one rank's own, chunk by chunk: frames.h5 itself, or a part.
class ChunkSink final : public FrameSink {
public:
    /// The file holds the layout's block.
    ChunkSink(const std::filesystem::path& path, config::Sync sync, const FrameLayout& layout,
              const Provenance& provenance, Counting counting);

    /// What rank 0 of several publishes to; given before the first frame.
    void set_master(std::unique_ptr<MasterFile> master) { master_ = std::move(master); }

    bool takes_chunks() const noexcept override { return true; }
    void begin_frame(const FrameRecord& record) override;
    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override;
    void put_frame(const Frame& frame) override;
    void end_frame() override;
    void commit() override;
    core::Index flushed() const noexcept override { return records_.size(); }
    void publish(core::Index frames) override;
    core::Index committed() const noexcept override { return committed_; }
    void close() override;
    void abandon() noexcept override;
    std::uint64_t bytes_stored() const noexcept override { return bytes_stored_; }
    double sync_seconds() const noexcept override;

private:
    void hold();
    void let_go();

    FrameLayout layout_;
    Counting counting_;
    SwmrFile file_; // outlives the datasets in it
    std::vector<hdf5::Dataset> fields_;
    RecordTable records_;
    std::unique_ptr<MasterFile> master_;
    std::vector<FrameRecord> ended_;       // not flushed yet
    std::vector<FrameRecord> unpublished_; // flushed, not in the master yet
    core::Index begun_ = 0;
    core::Index chunks_missing_ = 0; // of the frame that is being written
    core::Index committed_ = 0;
    std::uint64_t bytes_stored_ = 0;
    bool held_ = false;
};

} // namespace morphogen::store
