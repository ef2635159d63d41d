#pragma once

#include "morphogen/store/frame.hpp"
#include "morphogen/store/hdf5/dataset.hpp"

#include <span>
#include <vector>

namespace morphogen::store {

/// /stats, /time and /step of an open file: what is kept per frame beside the cells.
class RecordTable {
public:
    RecordTable() = default;
    RecordTable(const hdf5::File& file, std::span<const core::Field> fields);

    /// Frames that /step counts.
    core::Index size() const noexcept { return size_; }

    /// Appends to /stats alone: they belong to what must be flushed before a frame counts.
    void append_statistics(std::span<const FrameRecord> records);
    /// Counts the frames: /time, then, once it is flushed, /step. The caller flushes the file.
    void append_steps(std::span<const FrameRecord> records);

    /// Closes the datasets.
    void close();

private:
    struct Column {
        core::Field field;
        std::size_t statistic; // index in schema::statistics
        hdf5::Dataset dataset;
    };

    std::vector<Column> statistics_;
    hdf5::Dataset time_;
    hdf5::Dataset step_;
    core::Index size_ = 0;
};

} // namespace morphogen::store
