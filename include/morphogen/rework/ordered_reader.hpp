#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/io/range_reader.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>

namespace morphogen::rework {

/// The files to read, one after the other, and where groups end; nothing at the end. Called on
/// another thread, when there is room for one more.
using FileSource =
    std::function<std::optional<std::variant<std::filesystem::path, io::EndOfGroup>>()>;

/// A file, read whole; or why it could not be read.
struct ReadFile {
    std::uint64_t number = 0; // in the order of the source, from 0
    std::shared_ptr<const std::filesystem::path> path;
    io::Buffer bytes;
    std::optional<core::Error> error = {};
};

using OrderedEvent = std::variant<ReadFile, io::EndOfGroup>;

/// io::RangeReader's results in the order of the source, so that what is made of them does not
/// depend on the disk. Files that were read before their turn wait; the reader gives out buffers in
/// order, so the file whose turn it is has its own already.
class OrderedReader {
public:
    OrderedReader(io::BufferPool pool, FileSource files, const io::QueueOptions& options);

    /// Nothing: after the end, or, unless @p may_wait, not there yet. Who waits holds no buffers.
    /// @throws what the source threw
    std::optional<OrderedEvent> next(bool may_wait);

    io::QueueStatistics statistics() const { return reader_.statistics(); }

private:
    void keep(io::ReadEvent event);

    std::map<std::uint64_t, ReadFile> early_; // by number
    std::uint64_t turn_ = 0;
    std::optional<io::EndOfGroup> group_end_;
    io::RangeReader reader_; // last: it calls the source from the start
};

} // namespace morphogen::rework
