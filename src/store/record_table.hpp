#pragma once

#include "morphogen/store/frame.hpp"
#include "morphogen/store/hdf5/dataset.hpp"

#include <span>
#include <vector>

namespace morphogen::store {

/// Who writes the records of a file that several processes have open.
enum class Writers {
    alone,      // this process has the file for itself, under SWMR
    collective, // every rank calls; the first gives the values
    listening   // every rank calls; this one is not the first
};

/// /stats, /time and /step of an open file: what is kept per frame beside the cells.
class RecordTable {
public:
    RecordTable() = default;
    RecordTable(const hdf5::File& file, std::span<const core::Field> fields,
                Writers writers = Writers::alone);

    /// Frames that /step counts, or those that are to stay.
    core::Index size() const noexcept { return size_; }
    /// What is appended comes after the first @p frames, in place of what is there.
    /// @throws core::Error if there are fewer
    void keep(core::Index frames);

    /// Appends to /stats alone: they belong to what must be flushed before a frame counts.
    void append_statistics(std::span<const FrameRecord> records);
    /// Counts the frames: /time, then, once it is flushed, /step. The caller flushes the file.
    void append_steps(std::span<const FrameRecord> records);

    /// Closes the datasets.
    void close();
    /// Gives the datasets up without closing them.
    void release() noexcept;

private:
    struct Column {
        core::Field field;
        std::size_t statistic; // index in schema::statistics
        hdf5::Dataset dataset;
    };

    template <typename Value>
    void append(const hdf5::Dataset& column, hid_t type, const std::vector<Value>& values);

    Writers writers_ = Writers::alone;
    std::vector<Column> statistics_;
    hdf5::Dataset time_;
    hdf5::Dataset step_;
    core::Index size_ = 0;
};

} // namespace morphogen::store
