#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/store/run_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// What a run's directory holds, seen without changing anything.
namespace morphogen::store {

/// How a file was left.
enum class Mark {
    closed,
    swmr,   // by a writer whose file is readable at any moment: it runs, or was killed
    writing // by another writer: nothing in it can be relied upon
};

/// What the frames of a file are: the same for all files of a run.
struct FrameFormat {
    int dims = 2;
    core::Precision precision = core::Precision::f32;
    core::Extents global{1, 1, 1}; // {nz, ny, nx} cells of the whole grid
    std::vector<core::Field> fields;
    double spacing = 1.0;
    /// The spacing is told by the axes, where the last bit depends on the block.
    friend bool operator==(const FrameFormat& a, const FrameFormat& b) noexcept;
};

/// A file of frames: a part, or a frames.h5 that holds frames itself.
struct PartState {
    std::filesystem::path path;
    core::Index segment = 0;
    core::Index rank = 0;
    core::Index parts = 1; // of its segment, as it says
    config::Layout layout = config::Layout::parts;
    core::Index first_frame = 0; // number in the run
    core::Box block;             // in cells of the grid
    FrameFormat format;
    core::Index frames = 0;  // that its own /step counts
    core::Index longest = 0; // frames of its longest dataset
    Mark mark = Mark::closed;
    bool is_cut = false;     // shorter than its own metadata say
    bool is_missing = false; // frames.h5 presents it, there is no such file
    std::string damage;      // why not all beside the frames can be read: a segment before the
                             // last does without, its records are in frames.h5
    std::string problem;     // why it cannot be read; then only what its name and frames.h5 say of
                             // it is known
    bool is_readable() const noexcept { return problem.empty(); }
};

/// The files of a stretch of frames.
struct SegmentState {
    core::Index number = 0;
    core::Index first_frame = 0;
    std::vector<PartState> parts; // those there are, or that frames.h5 presents, by rank
    /// All parts are there, readable, and cover the grid once.
    bool is_whole = false;
    /// Frames of it that every part holds; 0 unless it is whole.
    core::Index frames() const noexcept;
};

enum class FramesFile { missing, data, virtual_file, unreadable };

struct RunInventory {
    RunDirectory directory;
    FramesFile kind = FramesFile::missing; // of frames.h5
    Mark mark = Mark::closed;              // of frames.h5
    bool is_cut = false;                   // frames.h5, if virtual
    core::Index longest = 0;               // frames of the longest dataset beside the virtual ones
    std::string problem;                   // why frames.h5 cannot be read
    FrameFormat format;                    // of the first file that could be read
    /// What frames.h5 presents, in order; all there is where frames.h5 is missing or unreadable.
    std::vector<SegmentState> segments;
    /// Files in parts/ that frames.h5 does not present: begun and not yet published.
    std::vector<SegmentState> begun;
    /// A second name of frames.h5 in parts/: the move that makes room for a virtual file was
    /// interrupted.
    std::vector<std::filesystem::path> second_names;
    /// Committed frames: what /step of frames.h5 counts; where that is missing or unreadable, what
    /// its parts together hold.
    core::Index committed = 0;
    std::vector<std::filesystem::path> leftovers; // *.new, left between making and renaming
    std::vector<std::filesystem::path> updates;   // *.update, left while a file was changed
    /// Everything that is not as it should be, one line each, files named.
    std::vector<std::string> problems;

    bool holds_nothing() const noexcept { return kind == FramesFile::missing && segments.empty(); }
    /// The segment that would be written on.
    const SegmentState* last() const noexcept {
        return segments.empty() ? nullptr : &segments.back();
    }
};

/// Looks at every frames file of a run. Files that a writer has open may be looked at too.
/// @throws core::Error if the directory cannot be read
RunInventory take_inventory(const RunDirectory& directory);

/// Looks at one file of frames. @p segment and @p rank: as its name says. Never throws for what the
/// file holds: see PartState::problem.
PartState look_at_part(const std::filesystem::path& path, core::Index segment, core::Index rank);

} // namespace morphogen::store
