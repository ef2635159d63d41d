#pragma once

#include "morphogen/store/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace morphogen::store {

/// Where one rank's writer thread puts frames: a file of its own (one rank, or a part), or a share
/// of a collective file. Only one thread of the process may call it, or any other HDF5 function, at
/// a time.
///
/// A frame is written in any order of chunks, then counted: `begin_frame`, `put_chunk` for each
/// chunk of each field (sinks that encode for themselves take the whole frame by `put_frame`
/// instead), `end_frame`. `commit` makes everything that has ended visible and safe from a kill.
/// After any exception nothing but `abandon` may follow.
class FrameSink {
public:
    virtual ~FrameSink() = default;

    /// True: the caller encodes chunks and calls put_chunk. False: the sink wants put_frame
    /// (collective HDF5 filters).
    virtual bool takes_chunks() const noexcept = 0;

    /// A frame that is stored already (its number is below the kept frames') has been computed
    /// again: compares the cells of this rank's block, bit by bit, and the step with what is
    /// stored, whatever ranks and files stored it. @p frame holds what would be stored: rounded if
    /// the run rounds. Not after the first begin_frame.
    /// @throws core::Error naming file, field, frame, cell and both values
    virtual void check_stored(const Frame& frame) = 0;

    /// Numbers go on from the kept frames, one by one.
    virtual void begin_frame(const FrameRecord& record) = 0;
    /// @p stored: encoded by the layout's pipeline. Chunk numbers as in FrameLayout::chunk_box.
    virtual void put_chunk(std::size_t field, core::Index chunk,
                           std::span<const std::byte> stored) = 0;
    virtual void put_frame(const Frame& frame) = 0;
    virtual void end_frame() = 0;

    /// Flushes the frames that have ended. Alone (one rank) they are committed by this: /step
    /// counts them. A part only makes them safe; its rank 0 counts them in frames.h5 once all ranks
    /// have (publish).
    virtual void commit() = 0;

    /// All that has ended can be read after a kill and a repair, and (unless sync = "never") after
    /// a power loss: what a checkpoint of this step relies on. Sinks of one rank's own files commit
    /// and sync. The shared file ends its segment, because it is readable only then: collective, at
    /// the same frame on every rank. What is published later needs another call.
    virtual void secure() = 0;

    /// Number of the first frame of the segment that is written now: all before it lie in closed
    /// segments, synced (unless sync = "never") and never changed again.
    virtual core::Index segment_start() const noexcept = 0;

    /// Frames that are flushed in this rank's files, the kept ones included.
    virtual core::Index flushed() const noexcept = 0;

    /// Every rank has flushed the first @p frames frames: rank 0 of several appends them to
    /// frames.h5's /step and /time. Others, and sinks that commit alone, do nothing.
    virtual void publish(core::Index frames) = 0;

    /// Frames that /step counts (on ranks that know; elsewhere what publish was told).
    virtual core::Index committed() const noexcept = 0;

    /// Commits, syncs as configured, clears the SWMR flags and closes. @throws core::Error
    virtual void close() = 0;

    /// After a failed write: leaves the file as a kill would, touches HDF5 no more.
    virtual void abandon() noexcept = 0;

    virtual std::uint64_t bytes_stored() const noexcept = 0; // chunk data so far
    virtual double sync_seconds() const noexcept = 0;        // spent in fsync
};

} // namespace morphogen::store
