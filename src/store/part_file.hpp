#pragma once

#include "morphogen/store/frame.hpp"
#include "morphogen/store/layout.hpp"

#include "store/record_table.hpp"
#include "store/skeleton.hpp"
#include "store/swmr_file.hpp"

#include <span>
#include <vector>

namespace morphogen::store {

/// One rank's frames of one segment, written chunk by chunk: parts/SSSS.RRRR.h5, or frames.h5
/// itself. Frames have their numbers in the run.
class PartFile {
public:
    /// A new file. @throws core::Error; nothing is left behind then.
    PartFile(const std::filesystem::path& path, config::Sync sync, const FrameLayout& layout,
             const PartPlace& place, const Provenance& provenance);
    /// Goes on with an existing file, closed or repaired, after frame number @p kept - 1. What it
    /// holds beyond is written again in the same places.
    PartFile(const std::filesystem::path& path, config::Sync sync, const FrameLayout& layout,
             core::Index first_frame, core::Index kept);

    core::Index first_frame() const noexcept { return first_; }
    /// One past the last frame that is flushed.
    core::Index flushed() const noexcept { return first_ + records_.size(); }

    void begin_frame(const FrameRecord& record);
    void put_chunk(std::size_t field, core::Index chunk, std::span<const std::byte> stored);
    void end_frame() const;
    /// Flushes what has ended, then counts it. @returns its records, until the next begin_frame().
    std::span<const FrameRecord> commit();
    void sync() { file_.sync(); }
    /// Everything must have been committed.
    void close();
    void abandon() noexcept { file_.abandon(); }

    std::uint64_t bytes_stored() const noexcept { return bytes_stored_; }
    double sync_seconds() const noexcept { return file_.sync_seconds(); }

private:
    void open_fields();

    FrameLayout layout_;
    core::Index first_ = 0;
    SwmrFile file_; // outlives the datasets in it
    std::vector<hdf5::Dataset> fields_;
    RecordTable records_;
    std::vector<FrameRecord> ended_;   // not flushed yet
    std::vector<FrameRecord> counted_; // by the last commit
    core::Index begun_ = 0;            // frames of this file, the kept ones included
    core::Index extent_ = 0;           // of the fields
    core::Index chunks_missing_ = 0;   // of the frame that is being written
    std::uint64_t bytes_stored_ = 0;
};

} // namespace morphogen::store
