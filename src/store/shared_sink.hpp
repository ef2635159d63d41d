#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/provenance.hpp"
#include "morphogen/store/run_directory.hpp"

#include "store/shared_file.hpp"
#include "store/sink_start.hpp"
#include "store/stored_frames.hpp"

#include <memory>
#include <vector>

namespace morphogen::store {

/// Files of all ranks by collective MPI-IO, one per segment. Every member but the counters and
/// check_stored is collective: see SharedFile.
///
/// A segment counts once it is closed: the first one is frames.h5 itself; when a second one is
/// closed, that moves into parts/ and a virtual frames.h5 takes its place.
class SharedSink final : public FrameSink {
public:
    SharedSink(const config::Config& config, RunDirectory directory, const FrameLayout& layout,
               const Provenance& provenance, mpi::Communicator comm, SinkStart start = {});

    bool takes_chunks() const noexcept override { return false; }
    void check_stored(const Frame& frame) override { stored_.check(layout_, frame); }
    void begin_frame(const FrameRecord& record) override;
    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override;
    void put_frame(const Frame& frame) override;
    void end_frame() override;
    void commit() override;
    void secure() override { end_segment(); }
    core::Index segment_start() const noexcept override {
        return file_ ? file_->first_frame() : committed_;
    }
    core::Index flushed() const noexcept override { return file_ ? file_->flushed() : committed_; }
    void publish(core::Index) override {}
    core::Index committed() const noexcept override { return committed_; }
    void close() override;
    void abandon() noexcept override;
    std::uint64_t bytes_stored() const noexcept override { return bytes_stored_; }
    double sync_seconds() const noexcept override { return sync_seconds_; }

private:
    void open_segment(core::Index first_frame);
    void end_segment();
    void present(const std::vector<FrameRecord>& records);
    void sync(const std::filesystem::path& path);

    RunDirectory directory_;
    config::Sync sync_;
    core::Index frames_per_file_;
    config::Mpi mpi_;
    FrameLayout layout_;
    Provenance provenance_;
    mpi::Communicator comm_;
    SinkStart start_; // closed: what is presented
    bool launch_is_noted_;
    StoredFrames stored_;
    std::unique_ptr<SharedFile> file_; // none between two segments
    core::Index committed_ = 0;
    std::uint64_t bytes_stored_ = 0; // all ranks', on rank 0; of closed segments
    double sync_seconds_ = 0.0;
};

/// @throws core::UsageError if HDF5's own filters cannot write @p codec: only they work here.
void check_shared_codec(const codec::Codec& codec);

} // namespace morphogen::store
