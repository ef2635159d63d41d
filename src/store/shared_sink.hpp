#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/provenance.hpp"

#include "store/record_table.hpp"
#include "store/stored_frames.hpp"

#include <filesystem>
#include <vector>

namespace morphogen::store {

/// One file of all ranks by collective MPI-IO. Every member but the counters is collective: a rank
/// that fails must end the job (Communicator::abort), or the others wait for it without end.
class SharedSink final : public FrameSink {
public:
    SharedSink(const config::Config& config, const std::filesystem::path& path,
               const FrameLayout& layout, const Provenance& provenance, mpi::Communicator comm);
    /// Gives up what is still open: closing is collective, and the others may not be here.
    ~SharedSink() override { abandon(); }
    SharedSink(const SharedSink&) = delete;
    SharedSink& operator=(const SharedSink&) = delete;

    bool takes_chunks() const noexcept override { return false; }
    void check_stored(const Frame& frame) override { stored_.check(layout_, frame); }
    void begin_frame(const FrameRecord& record) override;
    void put_chunk(std::size_t field, core::Index chunk,
                   std::span<const std::byte> stored) override;
    void put_frame(const Frame& frame) override;
    void end_frame() override;
    void commit() override;
    void secure() override { commit(); }
    core::Index segment_start() const noexcept override { return 0; }
    core::Index flushed() const noexcept override { return records_.size(); }
    void publish(core::Index frames) override;
    core::Index committed() const noexcept override { return records_.size(); }
    void close() override;
    void abandon() noexcept override;
    std::uint64_t bytes_stored() const noexcept override { return bytes_stored_; }
    double sync_seconds() const noexcept override { return sync_seconds_; }

private:
    void sync();
    std::uint64_t stored_in_file() const;

    StoredFrames stored_;
    std::filesystem::path path_;
    config::Sync sync_;
    FrameLayout layout_;
    mpi::Communicator comm_;
    hdf5::File file_;
    hdf5::Properties transfer_;
    std::vector<hdf5::Dataset> fields_;
    RecordTable records_;
    std::vector<FrameRecord> ended_; // not flushed yet
    core::Index begun_ = 0;
    std::uint64_t bytes_stored_ = 0; // all ranks', on rank 0; known once closed
    double sync_seconds_ = 0.0;
};

/// @throws core::UsageError if HDF5's own filters cannot write @p codec: only they work here.
void check_shared_codec(const codec::Codec& codec);

} // namespace morphogen::store
