#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/io/buffer_pool.hpp"
#include "morphogen/io/queue.hpp"
#include "morphogen/io/range_reader.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace morphogen::io {

/// Where a part of a buffer goes.
struct WriteSlice {
    std::filesystem::path path;  // made if it does not exist; never cut
    core::Index offset = 0;      // bytes from the start of the file
    core::Index begin = 0;       // bytes from the start of the buffer
    core::Index length = to_end; // bytes; to_end: the rest of the buffer
};

enum class Sync {
    never,
    files // fsync of what was written, in flush() and before a file is closed
};

class WriteEngine;

/// Writes slices of buffers into many files, behind whoever puts them. A thread of its own keeps up
/// to `options.depth` operations in flight. What waits is bounded by the pool that the buffers come
/// from: each goes back when its last slice is written. Files stay open until close(), or until
/// their descriptors are needed for others.
///
/// Slices are written in any order, so they should not overlap, unless a flush() is between them.
/// The first error ends the writing: what has not begun is dropped, and put(), flush() and close()
/// throw it. Any thread may call anything, also from a ReadSource.
class RangeWriter {
public:
    /// @throws core::UsageError for options out of range; core::Error if Backend::io_uring was
    /// demanded and the kernel refuses it.
    explicit RangeWriter(const QueueOptions& options = {}, Sync sync = Sync::never);
    /// Without close(): drops what has not begun, waits for what is in flight.
    ~RangeWriter();
    RangeWriter(const RangeWriter&) = delete;
    RangeWriter& operator=(const RangeWriter&) = delete;

    /// Does not wait.
    /// @throws core::UsageError for a slice that is not inside the buffer; the first error of the
    /// writing, which names path, offset and length; core::Error after close().
    void put(Buffer buffer, std::vector<WriteSlice> slices);

    /// Waits until everything that was put before is written.
    /// @throws the first error
    void flush();

    /// flush(), and closes the files. Later calls do nothing.
    /// @throws the first error
    void close();

    QueueStatistics statistics() const;

private:
    std::unique_ptr<WriteEngine> engine_;
};

} // namespace morphogen::io
