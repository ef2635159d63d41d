#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/store/chunk_appender.hpp"

#include "store/write_behind.hpp"

#include <hdf5.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace morphogen::store::hdf5 {

/// A mutex that can tell, for contracts, whether anybody holds it.
class EndMutex {
public:
    void lock() {
        mutex_.lock();
        held_.store(true, std::memory_order_relaxed);
    }
    bool try_lock() {
        if (!mutex_.try_lock()) return false;
        held_.store(true, std::memory_order_relaxed);
        return true;
    }
    void unlock() {
        held_.store(false, std::memory_order_relaxed);
        mutex_.unlock();
    }
    bool is_held() const noexcept { return held_.load(std::memory_order_relaxed); }

private:
    std::mutex mutex_;
    std::atomic<bool> held_ = false;
};

/// A file that is open with the steadfast driver. Only the thread that uses HDF5 may touch it, but
/// for its end and the descriptor.
struct SteadfastFile {
    /// A chunk that lies in the file before the library knows of it: what it allocates next for a
    /// chunk's bytes is that place, and what it writes of it is not written.
    struct Announced {
        ChunkPlace place;
        bool allocated = false;
        std::optional<std::uint64_t> wanted_at; // where the library would have written it
    };

    H5FD_t* file = nullptr;
    int descriptor = -1;
    std::string path;
    bool discards = false;
    bool failed = false; // that is why
    std::string why;
    WriteBehind behind = {};
    Announced announced = {};
    core::AlignedBuffer<std::byte> unread_bytes; // never touched, so that they take no memory

    /// Held by whoever moves the end or sets the file's length, once other threads append.
    EndMutex end;
    std::atomic<bool> is_shared = false; // they do

    /// Moves the end by @p bytes. @returns where it was, or nothing where the file would become too
    /// large
    std::optional<std::uint64_t> take_at_end(std::size_t bytes) noexcept;
    /// Undoes the last take_at_end(), which returned @p address.
    void give_back(std::uint64_t address) noexcept;
    /// Memory that the library may look at, for bytes that it is not to write.
    const std::byte* unread(std::size_t bytes);
};

/// The one with that descriptor.
SteadfastFile& steadfast_file(int descriptor);

} // namespace morphogen::store::hdf5
