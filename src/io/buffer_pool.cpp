#include "morphogen/io/buffer_pool.hpp"

#include "morphogen/core/error.hpp"

#include "io/pool_state.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace morphogen::io {

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(std::move(other.pool_)), memory_(std::move(other.memory_)),
      size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    if (this == &other) return *this;
    release();
    pool_ = std::move(other.pool_);
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    return *this;
}

void Buffer::release() noexcept {
    size_ = 0;
    if (const auto pool = std::exchange(pool_, nullptr)) pool->give_back(std::move(memory_));
}

BufferPool::BufferPool(std::uint64_t limit_bytes)
    : state_(std::make_shared<PoolState>(limit_bytes)) {}

Buffer BufferPool::acquire(std::size_t size) {
    return state_->acquire(size);
}

std::optional<Buffer> BufferPool::try_acquire(std::size_t size) {
    return state_->try_acquire(size, nullptr);
}

std::uint64_t BufferPool::limit() const noexcept {
    return state_->limit();
}

PoolStatistics BufferPool::statistics() const {
    return state_->statistics();
}

PoolStatistics PoolState::statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
}

std::string PoolState::too_large(std::size_t size) const {
    return "the pool of buffers holds at most " + std::to_string(limit_) +
           " bytes; give it at least " + std::to_string(size);
}

void PoolState::check(std::size_t size) const {
    if (size > limit_)
        throw core::Error(core::ErrorText{.what = "no buffer of " + std::to_string(size) + " bytes",
                                          .why = too_large(size)});
}

/// Eight capacities per power of two: at most an eighth is wasted, and buffers of similar sizes
/// (compressed chunks) recycle each other.
std::size_t PoolState::capacity_for(std::size_t size) const noexcept {
    const std::size_t step = std::max<std::size_t>(64, std::bit_floor(size) / 8);
    const std::size_t rounded = (size + step - 1) / step * step;
    return static_cast<std::size_t>(std::min<std::uint64_t>(rounded, limit_));
}

/// Under the lock; what has to be freed goes to @p evicted, to be freed after it.
std::optional<Buffer> PoolState::take(std::size_t size, std::vector<Memory>& evicted) {
    const std::size_t capacity = capacity_for(size);
    Buffer buffer;
    if (auto node = idle_.extract(capacity)) {
        buffer.memory_ = std::move(node.mapped());
    } else {
        while (statistics_.held + capacity > limit_ && !idle_.empty()) {
            auto largest = std::prev(idle_.end());
            evicted.push_back(std::move(largest->second));
            statistics_.held -= largest->first;
            idle_.erase(largest);
        }
        if (statistics_.held + capacity > limit_) return std::nullopt;
        buffer.memory_ = Memory(capacity);
        statistics_.held += capacity;
        statistics_.peak_held = std::max(statistics_.peak_held, statistics_.held);
        ++statistics_.allocations;
    }
    statistics_.out += capacity;
    buffer.size_ = size;
    buffer.pool_ = shared_from_this();
    return buffer;
}

Buffer PoolState::acquire(std::size_t size) {
    if (size == 0) return {};
    check(size);
    std::vector<Memory> evicted; // outlives the lock
    std::unique_lock lock(mutex_);
    for (;;) {
        if (auto buffer = take(size, evicted)) return std::move(*buffer);
        came_back_.wait(lock);
    }
}

std::optional<Buffer> PoolState::try_acquire(std::size_t size, PoolListener* listener) {
    if (size == 0) return Buffer{};
    check(size);
    std::vector<Memory> evicted; // outlives the lock
    const std::lock_guard lock(mutex_);
    auto buffer = take(size, evicted);
    if (!buffer && listener &&
        std::find(listeners_.begin(), listeners_.end(), listener) == listeners_.end())
        listeners_.push_back(listener);
    return buffer;
}

void PoolState::give_back(Memory&& memory) noexcept {
    Memory mine = std::move(memory); // freed after the lock if it cannot be kept
    const std::size_t capacity = mine.size();
    const std::lock_guard lock(mutex_);
    statistics_.out -= capacity;
    try {
        idle_.emplace(capacity, Memory{})->second = std::move(mine);
    } catch (const std::bad_alloc&) {
        statistics_.held -= capacity;
    }
    for (PoolListener* listener : listeners_)
        listener->bytes_came_back();
    listeners_.clear();
    came_back_.notify_all();
}

void PoolState::forget(const PoolListener* listener) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase(listeners_, listener);
}

} // namespace morphogen::io
