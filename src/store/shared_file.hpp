#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/layout.hpp"

#include "store/record_table.hpp"
#include "store/skeleton.hpp"

#include <filesystem>
#include <vector>

namespace morphogen::store {

/// A segment that all ranks write into one file by collective MPI-IO. Every member but the counters
/// is collective: a rank that fails must end the job (Communicator::abort), or the others wait for
/// it without end. Readable once it is closed, and has its name (PATH.new until then) only once one
/// rank has called give_name(): a kill before loses it.
class SharedFile {
public:
    SharedFile(const std::filesystem::path& path, const config::Mpi& mpi, const FrameLayout& layout,
               const PartPlace& place, const Provenance& provenance, const mpi::Communicator& comm);
    /// Gives up what is still open: closing is collective, and the others may not be here.
    ~SharedFile() { abandon(); }
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;

    /// Where it is written.
    const std::filesystem::path& path() const noexcept { return opened_as_; }
    core::Index first_frame() const noexcept { return first_; }
    core::Index begun() const noexcept { return first_ + begun_; }
    core::Index flushed() const noexcept { return first_ + records_.size(); }
    /// Of all frames that are flushed.
    const std::vector<FrameRecord>& records() const noexcept { return counted_; }

    void begin_frame(const FrameRecord& record);
    void put_frame(const Frame& frame);
    /// @returns whether there was anything to flush
    bool commit();
    /// @returns bytes of chunk data, of all ranks. Everything must have been committed.
    std::uint64_t close();
    /// By one rank alone, after all have closed it. @throws core::Error
    void give_name() const;
    void abandon() noexcept;

private:
    std::filesystem::path path_;
    std::filesystem::path opened_as_;
    FrameLayout layout_;
    core::Index first_ = 0;
    hdf5::File file_;
    hdf5::Properties transfer_;
    std::vector<hdf5::Dataset> fields_;
    RecordTable records_;
    std::vector<FrameRecord> ended_; // not flushed yet
    std::vector<FrameRecord> counted_;
    core::Index begun_ = 0;
};

} // namespace morphogen::store
