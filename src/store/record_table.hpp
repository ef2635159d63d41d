#pragma once

#include "morphogen/store/frame.hpp"
#include "morphogen/store/hdf5/file.hpp"

#include "store/record_column.hpp"
#include "store/swmr_file.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace morphogen::store {

/// /stats, /time and /step of an open file: what is kept per frame beside the cells.
class RecordTable {
public:
    RecordTable() = default;
    RecordTable(const hdf5::File& file, std::span<const core::Field> fields,
                Writers writers = Writers::alone);

    /// Whether the columns of @p file are as a run makes them: a rewritten file's may be compressed
    /// or of another type. @throws core::Error if one cannot be opened
    static bool can_append_to(const hdf5::File& file, std::span<const core::Field> fields);

    /// Frames that /step counts, or those that are to stay.
    core::Index size() const noexcept { return size_; }
    /// What is appended comes after the first @p frames, in place of what is there.
    /// @throws core::Error if there are fewer
    void keep(core::Index frames);

    /// To a file that is being made: nobody reads it yet.
    void append(std::span<const FrameRecord> records);
    /// To a file that others read, and that a kill may leave at any moment: the frames, which are
    /// written, and their /stats are flushed first, then /time, and last /step, which counts them.
    void commit(std::span<const FrameRecord> records, SwmrFile& file);

    /// Closes the datasets.
    void close();
    /// Gives the datasets up without closing them.
    void release() noexcept;

private:
    struct StatisticColumn {
        core::Field field;
        std::size_t statistic; // index in schema::statistics
        RecordColumn column;
    };

    void append_statistics(std::span<const FrameRecord> records);
    void append_times(std::span<const FrameRecord> records);
    void append_steps(std::span<const FrameRecord> records);
    template <typename Value>
    void append(RecordColumn& column, std::span<const FrameRecord> records, Value&& value);

    std::vector<StatisticColumn> statistics_;
    RecordColumn time_;
    RecordColumn step_;
    core::Index size_ = 0;
    std::vector<std::uint64_t> values_; // of the column that is being appended to
};

} // namespace morphogen::store
