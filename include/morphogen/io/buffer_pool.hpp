#pragma once

#include "morphogen/core/aligned_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace morphogen::io {

class PoolState;

/// Bytes of a BufferPool, aligned to 64, owned by whoever holds this. Destroying it, or release(),
/// recycles them at once, on any thread. It may outlive its pool. One thread at a time.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;
    ~Buffer() { release(); }

    std::byte* data() noexcept { return memory_.data(); }
    const std::byte* data() const noexcept { return memory_.data(); }
    /// Bytes that were asked for; the memory behind may be up to an eighth larger.
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    std::span<std::byte> span() noexcept { return {memory_.data(), size_}; }
    std::span<const std::byte> span() const noexcept { return {memory_.data(), size_}; }

    /// Gives the bytes back now; the buffer is empty afterwards.
    void release() noexcept;

private:
    friend class PoolState;
    std::shared_ptr<PoolState> pool_; // null: nothing to give back
    core::AlignedBuffer<std::byte> memory_;
    std::size_t size_ = 0;
};

/// What a BufferPool held and holds, bytes.
struct PoolStatistics {
    std::uint64_t out = 0;         // in buffers that somebody owns
    std::uint64_t held = 0;        // those, and the idle ones kept for reuse
    std::uint64_t peak_held = 0;   // never above the limit
    std::uint64_t allocations = 0; // buffers that could not be recycled from an idle one
};

/// Recycled buffers of any size within a limit in bytes: everything held, idle buffers too, never
/// exceeds it. Idle buffers of other sizes are freed when their bytes are needed. Copies share one
/// pool. Any thread may call anything.
class BufferPool {
public:
    explicit BufferPool(std::uint64_t limit_bytes);

    /// Waits until @p size bytes are free. Whoever waits must not be the one who holds them.
    /// @throws core::Error if @p size is more than the limit, naming the least that would do;
    /// std::bad_alloc
    Buffer acquire(std::size_t size);

    /// Without waiting; nothing if other buffers hold the bytes. Throws as acquire().
    std::optional<Buffer> try_acquire(std::size_t size);

    std::uint64_t limit() const noexcept;
    PoolStatistics statistics() const;

private:
    friend class ReadEngine;
    std::shared_ptr<PoolState> state_;
};

} // namespace morphogen::io
