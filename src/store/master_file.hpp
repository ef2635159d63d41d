#pragma once

#include "morphogen/store/frame.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/run_directory.hpp"

#include "store/launch_copy.hpp"
#include "store/record_table.hpp"
#include "store/skeleton.hpp"
#include "store/swmr_file.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace morphogen::store {

/// What a new frames.h5 begins with.
struct MasterStart {
    std::vector<Segment> segments;
    std::vector<FrameRecord> records;   // of the frames that count already
    LaunchSources launches{};           // what /provenance takes over
    std::optional<Provenance> launch{}; // one more
};

/// frames.h5 over parts: virtual frames, real /step, /time and /stats. One process has it.
class MasterFile {
public:
    /// Replaces what has the name, by one rename. @p before_rename: see SwmrFile.
    MasterFile(const std::filesystem::path& path, config::Sync sync, const FrameLayout& layout,
               const MasterStart& start, const std::function<void()>& before_rename = {});

    core::Index size() const noexcept { return records_.size(); }
    void append(std::span<const FrameRecord> records);
    void sync() { file_.sync(); }
    void close();
    void abandon() noexcept { file_.abandon(); }
    double sync_seconds() const noexcept { return file_.sync_seconds(); }

private:
    SwmrFile file_; // outlives the datasets in it
    RecordTable records_;
};

/// The records that frames.h5 counts; none if there is no such file. @throws core::Error
std::vector<FrameRecord> records_of(const RunDirectory& directory);

/// Puts a new virtual file in the place of frames.h5, whose launches it takes over: the old one
/// stays until the new one takes its name. @p moves: the old one, if there is one, holds frames and
/// goes into parts/ as segment 0.
std::unique_ptr<MasterFile> replace_frames_file(const RunDirectory& directory, config::Sync sync,
                                                const FrameLayout& layout, MasterStart start,
                                                bool moves);

} // namespace morphogen::store
