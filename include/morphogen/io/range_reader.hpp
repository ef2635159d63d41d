#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/io/buffer_pool.hpp"
#include "morphogen/io/queue.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace morphogen::io {

/// As a range's length: up to the end of the file.
inline constexpr core::Index to_end = -1;

/// Bytes of a file; by default all. The tags here and below are the caller's own: what he puts in,
/// an index of his as a rule, comes back with the result.
struct Range {
    core::Index offset = 0;      // bytes from the start; negative: from the end
    core::Index length = to_end; // bytes
    std::uint64_t tag = 0;
};

/// Ranges of one file; by default the whole file. If the next request names the same path, the file
/// stays open, so a long list of ranges may come in many requests. Its size is the one it had when
/// it was opened.
struct ReadRequest {
    std::filesystem::path path;
    std::vector<Range> ranges = {Range{}};
    std::uint64_t tag = 0;
};

/// Ends a group of requests, on the way in and on the way out.
struct EndOfGroup {
    std::uint64_t tag = 0;
};

/// The requests, one after the other; nothing at the end. Called on the reader's own thread, never
/// twice at once, only when there is room for another request: a million of them need no memory for
/// a million. What it throws is thrown by next(), after the results of the requests before.
using ReadSource = std::function<std::optional<std::variant<ReadRequest, EndOfGroup>>()>;

/// A range that was read, whole: bytes.size() is its length.
struct RangeRead {
    std::shared_ptr<const std::filesystem::path> path; // never null
    core::Index offset = 0;                            // from the start of the file
    Buffer bytes;
    std::uint64_t request_tag = 0;
    std::uint64_t range_tag = 0;
};

/// A request whose file could not be opened (one failure, whatever its number of ranges), or one
/// range that could not be read. The others are not affected.
struct ReadFailure {
    std::shared_ptr<const std::filesystem::path> path; // never null
    core::Index offset = 0; // of the range, from the start if that is known; of a request: 0
    core::Index length = 0; // of the range; of a request: to_end
    std::uint64_t request_tag = 0;
    std::optional<std::uint64_t> range_tag = {}; // nothing: the whole request
    core::Error error;                           // names path, offset and length
};

using ReadEvent = std::variant<RangeRead, ReadFailure, EndOfGroup>;

class ReadEngine;

/// Reads byte ranges of many files at once, ahead of whoever takes the results. A thread of its own
/// pulls requests from @p source and keeps up to `options.depth` operations (open, size, read,
/// close) in flight, as far as the pool has bytes for the buffers. A buffer that its owner lets go
/// is in use again at once, so the pool's limit bounds everything read ahead.
///
/// - Results come in the order of completion. Those of a group, then its EndOfGroup, come before
/// any of the next
///   group, whose reads are under way by then. A last group without EndOfGroup gets none.
/// - Whoever holds buffers while he waits in next() can wait for ever: for the bytes that he holds.
///   The same goes for a pool that is shared with something that does not let go.
/// - Buffers are given out in the order of the requests: who keeps early results, to use them in
/// that order, waits for none that lacks its bytes.
/// - A range larger than the pool's limit fails, and the error names the least that would do.
///
/// next(), try_next(), statistics() and close() may be called by any thread, the first two by
/// several at once.
class RangeReader {
public:
    /// @throws core::UsageError for options out of range; core::Error if Backend::io_uring was
    /// demanded and the kernel refuses it.
    RangeReader(BufferPool pool, ReadSource source, const QueueOptions& options = {});
    /// As close().
    ~RangeReader();
    RangeReader(const RangeReader&) = delete;
    RangeReader& operator=(const RangeReader&) = delete;

    /// Waits for the next result. Nothing after the last one, and after close().
    /// @throws what the source threw
    std::optional<ReadEvent> next();

    /// The next result, if it is there already: for those who hold buffers, and so must not wait.
    /// Nothing: not yet, or never again, which next() tells apart.
    /// @throws what the source threw
    std::optional<ReadEvent> try_next();

    /// Cancels what has not begun, drops results that nobody has taken, and waits for operations in
    /// flight (their buffers are the kernel's until then) and for the source to return. Not to be
    /// called from the source.
    void close() noexcept;

    QueueStatistics statistics() const;

private:
    std::unique_ptr<ReadEngine> engine_;
};

} // namespace morphogen::io
