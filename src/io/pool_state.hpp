#pragma once

#include "morphogen/io/buffer_pool.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace morphogen::io {

/// Somebody who cannot wait inside the pool, and is told when bytes came back.
class PoolListener {
public:
    PoolListener() = default;
    PoolListener(const PoolListener&) = delete;
    PoolListener& operator=(const PoolListener&) = delete;
    virtual ~PoolListener() = default;
    /// On the thread that gave a buffer back, under the pool's lock: must not call the pool.
    virtual void bytes_came_back() noexcept = 0;
};

/// What the copies of a BufferPool and its buffers share.
/// Invariant: out <= held <= limit; held is the capacity of the buffers out plus that of the idle.
class PoolState : public std::enable_shared_from_this<PoolState> {
public:
    explicit PoolState(std::uint64_t limit) : limit_(limit) {}

    std::uint64_t limit() const noexcept { return limit_; }
    PoolStatistics statistics() const;

    Buffer acquire(std::size_t size);
    /// @param listener told once, when next bytes come back, if there are none now; or null.
    std::optional<Buffer> try_acquire(std::size_t size, PoolListener* listener);
    void give_back(core::AlignedBuffer<std::byte>&& memory) noexcept;
    /// After it returned the listener is not called any more.
    void forget(const PoolListener* listener) noexcept;

    /// Why @p size bytes cannot ever be had from here, and what to do.
    std::string too_large(std::size_t size) const;

private:
    using Memory = core::AlignedBuffer<std::byte>;

    void check(std::size_t size) const;
    std::size_t capacity_for(std::size_t size) const noexcept;
    std::optional<Buffer> take(std::size_t size, std::vector<Memory>& evicted);

    const std::uint64_t limit_;
    mutable std::mutex mutex_; // guards what follows
    std::condition_variable came_back_;
    std::multimap<std::size_t, Memory> idle_; // by capacity
    std::vector<PoolListener*> listeners_;
    PoolStatistics statistics_;
};

} // namespace morphogen::io
