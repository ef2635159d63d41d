#pragma once

#include "morphogen/store/frame.hpp"
#include "morphogen/store/run_inventory.hpp"

#include <filesystem>
#include <optional>
#include <vector>

/// What can still be proven of a file of frames that a power loss, or something else, left damaged.
namespace morphogen::store {

/// What other files tell of a file that may be damaged. (PartState is what frames.h5 tells of it.)
struct Elsewhere {
    std::vector<FrameRecord> records; // of its frames, by frames.h5; empty: only it can tell
    std::optional<double> time_step;  // model time per step
};

struct Proven {
    bool opens = false;     // u or v can be opened: what is in them may be readable
    core::Index told = 0;   // frames that count, by the file or from elsewhere
    core::Index frames = 0; // the first so many of these: every chunk is in the file and decodes,
                            // checksums included
};

/// Looks at the first @p limit frames, also of a file that is too short to be opened. Never throws
/// for damage.
Proven prove_frames(const PartState& part, const Elsewhere& elsewhere, core::Index limit);

/// What a damaged file says of itself, as far as it can be read; else what is in @p part.
PartState look_inside(PartState part);

/// Makes the file hold its first @p frames frames and no more: a new file takes its name in one
/// rename, and what was there stays as NAME.damaged. @p frames: that are proven.
/// @throws core::Error; the file is then as it was
void keep_proven(const PartState& part, const Elsewhere& elsewhere, core::Index frames);

/// Where set_aside() puts a file: NAME.damaged, or with a number behind where there is one already.
std::filesystem::path name_aside(const std::filesystem::path& path);

/// Renames a file to name_aside(). @throws core::Error
void set_aside(const std::filesystem::path& path);

} // namespace morphogen::store
