#pragma once

#include "morphogen/store/chunk_appender.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include "store/hdf5/steadfast_file.hpp"

#include <filesystem>
#include <mutex>
#include <span>

namespace morphogen::store::hdf5 {

/// Whether HDF5 asks the driver whenever it needs space for a chunk: not in files that keep lists
/// of their free space, or are made of pages (h5repack's -P and -S; never a new file of ours).
bool allocates_by_driver(const File& file);

/// The end of a file opened with the steadfast driver, where other threads append chunks beside the
/// one that uses HDF5.
///
/// Invariant: whoever moves the end or sets the file's length, a thread that appends or the
/// library, holds the lock. It is held while a chunk is written, too: the system lets one thread at
/// a time write to a file, and who waited for it there might spin.
class FileEnd final : public ChunkAppender {
public:
    /// @p file must outlive it. @p path: in messages.
    FileEnd(const File& file, std::filesystem::path path);
    ~FileEnd() override { file_->is_shared.store(false, std::memory_order_relaxed); }
    FileEnd(const FileEnd&) = delete;
    FileEnd& operator=(const FileEnd&) = delete;

    std::optional<ChunkPlace> try_append(std::span<const std::byte> stored) noexcept override;
    /// Waits for the end; not by a thread that holds the lock. @throws core::Error
    ChunkPlace append(std::span<const std::byte> stored);

    /// Held wherever HDF5 is used on the file while other threads may append.
    [[nodiscard]] std::unique_lock<EndMutex> lock() { return std::unique_lock(file_->end); }

    /// Enters an appended chunk into the index of @p dataset; the lock is held. Where HDF5 has
    /// another place for it, the bytes are copied there: one of as many bytes may be in the index
    /// already, even past the dataset's extent, if a kill came between the two. @p offset in
    /// elements.
    /// @throws core::Error
    void enter_chunk(const Dataset& dataset, std::span<const hsize_t> offset, ChunkPlace place);

private:
    /// The lock is held. @returns 0, or errno
    int write(std::span<const std::byte> stored, ChunkPlace& place) noexcept;
    void copy(ChunkPlace place, std::uint64_t to);
    [[noreturn]] void fail(int code) const;

    SteadfastFile* file_;
    std::filesystem::path path_;
};

} // namespace morphogen::store::hdf5
