#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/store/hdf5/dataset.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace morphogen::store {

/// Who writes the records of a file that several processes have open.
enum class Writers {
    alone,      // this process has the file for itself, under SWMR
    collective, // every rank calls; the first gives the values
    listening   // every rank calls; this one is not the first
};

/// One number per frame, of eight bytes, in a dataset that grows: /step, /time, or a column of
/// /stats.
///
/// Who writes alone puts whole chunks, from a copy of the one that grows, by the call that puts the
/// frames' chunks: after a simulation step the library's code is in no cache, and a selection of
/// one element takes more of it. The metadata are held: the column's length reaches the file when
/// it is flushed, after the values, and a reader never sees fill values.
class RecordColumn {
public:
    RecordColumn() = default;
    /// Whether @p dataset is stored as a run stores a column of @p type (eight bytes,
    /// little-endian): along one axis, in chunks of at most 64 KiB, without filters.
    static bool can_append_to(const hdf5::Dataset& dataset, hid_t type);
    /// @throws core::Error if it cannot be appended to by who writes alone
    RecordColumn(hdf5::Dataset dataset, hid_t type, Writers writers);

    core::Index length() const noexcept { return length_; }
    /// Puts @p values, as they are in memory, into the places from @p first on, which may be beyond
    /// the end.
    void write(core::Index first, std::span<const std::uint64_t> values);

    const hdf5::Dataset& dataset() const noexcept { return dataset_; }
    void close() { dataset_.close(); }
    /// Gives the dataset up without closing it.
    void release() noexcept { dataset_.release(); }

private:
    void write_chunks(core::Index first, std::span<const std::uint64_t> values);
    void write_together(core::Index first, std::span<const std::uint64_t> values) const;
    void load(core::Index chunk);

    hdf5::Dataset dataset_;
    hid_t type_ = H5I_INVALID_HID; // one of the library's own, never closed
    Writers writers_ = Writers::alone;
    core::Index length_ = 0;
    std::uint64_t fill_ = 0;
    std::vector<std::uint64_t> chunk_; // what lies in chunk number loaded_
    core::Index loaded_ = -1;
};

} // namespace morphogen::store
