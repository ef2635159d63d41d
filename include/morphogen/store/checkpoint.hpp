#pragma once

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/store/run_directory.hpp"

#include <cstddef>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

/// Checkpoints: u and v in full, and what is needed to go on from them.
///
///     checkpoints/000000001234/       one directory per checkpoint, named by its step
///         RRRR.h5                     rank R's piece: /u and /v [(z,) y, x] of its block,
///         contiguous,
///                                     with a CRC-32 for every so many rows
///         state.h5                    /u and /v of the whole grid, virtual over the pieces, and
///         the
///                                     header
///     checkpoints/latest              a relative link to the newest
///
/// It is written as `000000001234.new`; one rename makes it count. `.old`: what a checkpoint of the
/// same step replaces; it counts while nothing has the name itself. Each function may be called by
/// the one thread that uses HDF5. All throw core::Error naming the file and the reason; HDF5 stays
/// usable after that.
namespace morphogen::store {

/// The same on all ranks.
struct CheckpointHeader {
    core::Index step = 0;
    core::Index frames =
        0;        // the run's first so many must be committed before the checkpoint counts
    int dims = 2; // 2 or 3 spatial axes
    core::Extents global{1, 1, 1}; // {nz, ny, nx} cells of the whole grid
    double spacing = 1.0;
    core::Precision precision = core::Precision::f32;
    std::string isa;         // the instruction set's name
    bool fma = false;        // whether it uses FMA: the two kinds differ in the last bits
    std::string config_toml; // resolved
    int ranks = 1;           // pieces
};

/// Writes this rank's piece into the unfinished checkpoint, which whoever comes first creates.
/// @p u, @p v: dense, of volume(block.shape()) values of header.precision each; not copied.
void write_checkpoint_piece(const RunDirectory& directory, const CheckpointHeader& header, int rank,
                            const core::Box& block, std::span<const std::byte> u,
                            std::span<const std::byte> v, core::Durability durability);

/// Makes the checkpoint count: on one rank, once every rank has written its piece. @p blocks: of
/// each rank, as for its piece. A checkpoint of the same step is replaced.
void commit_checkpoint(const RunDirectory& directory, const CheckpointHeader& header,
                       std::span<const core::Box> blocks, core::Durability durability);

/// Removes all but the newest @p keep (at least 1) and, if @p segment_start > 0, the newest from
/// which the open segment can be computed again: whose frames are at most @p segment_start.
/// Checkpoints of steps past @p newest were passed over when the run was resumed: they are neither
/// kept for anything nor removed. Unfinished ones go too, but those of steps past the newest: other
/// ranks may be writing them.
void rotate_checkpoints(const RunDirectory& directory, core::Index keep, core::Index segment_start,
                        core::Index newest = std::numeric_limits<core::Index>::max());

/// Removes what kills left: every unfinished checkpoint. Nobody may be writing one.
void remove_unfinished_checkpoints(const RunDirectory& directory);

struct CheckpointEntry {
    std::filesystem::path directory;
    core::Index step = 0;
    std::filesystem::path state() const { return directory / "state.h5"; }
};

/// Those that count, newest first. They may be damaged: see check_checkpoint().
std::vector<CheckpointEntry> list_checkpoints(const RunDirectory& directory);

/// What is wrong with `latest`, as one line; empty if it leads to a checkpoint, or is not there:
/// some file systems have no links.
std::string check_latest(const RunDirectory& directory);

/// Lets `latest` lead to the newest that counts.
void mark_latest(const RunDirectory& directory);

/// Removes one that counts, in an order that a kill cannot break; `latest` then marks the newest.
void remove_checkpoint(const RunDirectory& directory, const CheckpointEntry& entry);

/// What the run may go on with, checked against itself and the directory's name.
CheckpointHeader read_checkpoint_header(const CheckpointEntry& entry);

/// The cells of @p box, dense, from whichever pieces hold them; what is read is checked against its
/// checksums. A field with an empty span is not read.
void read_checkpoint(const CheckpointEntry& entry, const core::Box& box, std::span<std::byte> u,
                     std::span<std::byte> v);

/// Every problem found, one line each: damaged header, missing piece, cut off, wrong facts, wrong
/// checksums. Looks at the header and at those pieces whose number modulo @p shares is @p share, so
/// that ranks can divide the work; never throws for damage.
std::vector<std::string> check_checkpoint(const CheckpointEntry& entry, int share = 0,
                                          int shares = 1);

/// Whether the directory has anything that checkpoints leave there, finished or not.
bool holds_checkpoints(const RunDirectory& directory);

/// Removes all that checkpoints leave there, finished or not, and nothing else.
void remove_all_checkpoints(const RunDirectory& directory);

} // namespace morphogen::store
