#pragma once

#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/following_distance.hpp"
#include "morphogen/parallel/parking.hpp"
#include "morphogen/parallel/stream_end.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace morphogen::parallel {

enum class PushResult {
    pushed, // the item is in the ring
    closed, // the consumer takes no more; the caller still has the item
};

enum class WaitOutcome {
    item,  // there is one to pop
    ended, // the producer has closed and everything was taken (or this consumer closed)
    woken, // the predicate was true
};

/// What a ring saw so far; exact once both sides are done.
struct RingStatistics {
    std::uint64_t pushes = 0;
    std::size_t max_occupancy = 0;    // items in the ring right after a push
    double mean_occupancy = 0;        // the same, mean over pushes
    double producer_wait_seconds = 0; // stall: waiting for room
    double consumer_wait_seconds = 0; // idle: waiting for items
};

/// Whether a ring keeps RingStatistics: a read of the other side's line per push and two clock
/// reads per wait.
enum class RingMeter { on, off };

/// A bounded first-in first-out channel from ONE producer thread to ONE consumer thread. Items
/// move; nothing is allocated after construction; a push or pop that need not wait is wait-free and
/// makes no system call unless the other side sleeps; one that would need to look at the other
/// side's count may take a microsecond (FollowingDistance).
///
/// Invariants: an item belongs to the producer until push() says `pushed`, then to the ring, then
/// to whoever popped it. head_ <= tail_ <= head_ + capacity, both only grow; slots [head_, tail_)
/// hold live items. Only the producer writes tail_, only the consumer head_.
///
/// Ends: the producer closes when it has no more (close()) or cannot go on (close(error)): the
/// consumer gets all that was pushed before, then the end, or the error thrown. The consumer closes
/// when it wants no more (close_consumer()) or cannot go on (fail(error)): the producer's pushes
/// are refused, or throw that error; a waiting one is woken. Every wait ends when the other side
/// closes. Items that nobody took are destroyed with the ring, after both threads are done with it.
/// (A push that runs while the consumer closes may still succeed; its item is then such an item.)
///
/// Learned from: L. Lamport, "Proving the correctness of multiprocess programs", 1977 (the ring);
/// E. Rigtorp's SPSCQueue (cached indices).
template <typename T, RingMeter meter = RingMeter::on>
class SpscRing {
    static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>);
    static_assert(alignof(T) <= core::AlignedBuffer<std::byte>::alignment);

public:
    /// @param capacity at least 1.
    /// @param barrier only for tests: best_barrier() is right.
    explicit SpscRing(std::size_t capacity, Barrier barrier = best_barrier())
        : capacity_(capacity), mask_(std::bit_ceil(capacity) - 1), slots_(mask_ + 1),
          spins_(spins_before_sleep()), producer_parking_(barrier), consumer_parking_(barrier),
          for_room_(capacity, spins_), for_items_(capacity, spins_) {
        MORPHOGEN_EXPECT(capacity >= 1);
    }

    ~SpscRing() {
        while (try_pop()) {
        }
    }

    SpscRing(const SpscRing&) = delete;
    SpscRing& operator=(const SpscRing&) = delete;

    // ---- producer thread ----

    /// Moves @p item into the ring if there is room and the consumer is open; else leaves it alone
    /// and returns false.
    bool try_push(T& item) noexcept {
        MORPHOGEN_EXPECT(!producer_end_.closed());
        if (consumer_end_.closed()) return false;
        // relaxed: only this thread writes tail_.
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_seen_ >= capacity_) {
            for_room_.wait();
            // acquire: partner is the store in try_pop(); the slot it freed is really free.
            head_seen_ = head_.load(std::memory_order_acquire);
            for_room_.looked(capacity_ - (tail - head_seen_));
            if (tail - head_seen_ >= capacity_) return false;
        }
        std::construct_at(slot(tail), std::move(item));
        publish(tail + 1, 1);
        return true;
    }

    /// As many of @p items, from the front, as there is room for, with one publication. @returns
    /// how many were moved.
    std::size_t try_push_some(std::span<T> items) noexcept {
        MORPHOGEN_EXPECT(!producer_end_.closed());
        if (consumer_end_.closed()) return 0;
        const std::uint64_t tail = tail_.load(std::memory_order_relaxed); // as in try_push()
        if (capacity_ - (tail - head_seen_) < items.size())
            head_seen_ = head_.load(std::memory_order_acquire); // as in try_push()
        const std::size_t count =
            std::min<std::size_t>(items.size(), capacity_ - (tail - head_seen_));
        if (count == 0) return 0;
        in_pieces(tail, count, [&](T* to, std::size_t from, std::size_t n) {
            std::uninitialized_move_n(items.data() + from, n, to);
        });
        publish(tail + count, count);
        return count;
    }

    /// Moves @p item into the ring, waiting while it is full. If the consumer closed, the item
    /// stays with the caller.
    /// @throws the error that the consumer failed with; the item stays with the caller.
    PushResult push(T&& item) {
        if (try_push(item)) return PushResult::pushed;
        for (;;) {
            if (consumer_end_.closed()) {
                consumer_end_.rethrow_if_failed();
                return PushResult::closed;
            }
            wait_for_room();
            if (try_push(item)) return PushResult::pushed;
        }
    }

    /// No more items. With an error, the consumer's pop throws it once it has taken what is in the
    /// ring. Only the first call counts.
    void close(std::exception_ptr error = nullptr) noexcept {
        if (producer_end_.close(std::move(error))) consumer_parking_.wake();
    }

    // ---- consumer thread ----

    /// The next item if there is one.
    std::optional<T> try_pop() noexcept {
        // relaxed: only this thread writes head_.
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_seen_) {
            for_items_.wait();
            // acquire: partner is the store in publish(); the item is really there.
            tail_seen_ = tail_.load(std::memory_order_acquire);
            for_items_.looked(tail_seen_ - head);
            if (head == tail_seen_) return std::nullopt;
        }
        T* const from = slot(head);
        std::optional<T> item(std::move(*from));
        std::destroy_at(from);
        release(head + 1);
        return item;
    }

    /// Calls @p take(T&&), which must not throw, on at most @p most items that are there, and frees
    /// them at once.
    /// @returns how many.
    template <typename Take>
    std::size_t try_pop_some(std::size_t most, Take&& take) noexcept {
        const std::uint64_t head = head_.load(std::memory_order_relaxed); // as in try_pop()
        if (tail_seen_ - head < most) tail_seen_ = tail_.load(std::memory_order_acquire);
        const std::size_t count = std::min<std::size_t>(most, tail_seen_ - head);
        if (count == 0) return 0;
        in_pieces(head, count, [&](T* from, std::size_t, std::size_t n) {
            for (std::size_t i = 0; i < n; ++i)
                take(std::move(from[i]));
            std::destroy_n(from, n);
        });
        release(head + count);
        return count;
    }

    /// The item that will be popped after @p ahead others, where it lies until then; nullptr if it
    /// is not there yet. The reference stays good, and its item unchanged, until that pop.
    const T* peek(std::size_t ahead = 0) noexcept {
        // relaxed: only this thread writes head_.
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        // acquire: partner is the store in publish(); the item is really there.
        if (tail_seen_ - head <= ahead) tail_seen_ = tail_.load(std::memory_order_acquire);
        return tail_seen_ - head <= ahead ? nullptr : slot(head + ahead);
    }

    /// The next item, waiting for one; nothing at the end.
    /// @throws the error that the producer closed with, after everything pushed before was taken.
    std::optional<T> pop() {
        if (auto item = try_pop()) return item;
        wait([] { return false; });
        return try_pop();
    }

    /// Waits until there is an item, the stream has ended, or @p wanted() is true, which comes
    /// first: whoever makes it true calls wake_consumer() afterwards. @p wanted runs on this thread
    /// only.
    /// @throws as pop()
    template <typename Predicate>
    WaitOutcome wait(Predicate&& wanted) {
        for (;;) {
            if (wanted()) return WaitOutcome::woken;
            // Asked before looking for items: if it was closed, all its items are visible below.
            const bool last_look = producer_end_.closed() || consumer_end_.closed();
            if (peek() != nullptr) return WaitOutcome::item;
            if (last_look) {
                producer_end_.rethrow_if_failed();
                return WaitOutcome::ended;
            }
            wait_for_item(wanted);
        }
    }

    /// Wants no more items: the producer's pushes are refused from now on. Only the first of this
    /// and fail() counts.
    void close_consumer() noexcept { fail(nullptr); }

    /// Cannot go on: the producer's pushes throw @p error from now on. Only the first of this and
    /// close_consumer() counts.
    void fail(std::exception_ptr error) noexcept {
        if (consumer_end_.close(std::move(error))) producer_parking_.wake();
    }

    // ---- any thread ----

    /// Makes a consumer that waits in wait() look at its predicate again.
    void wake_consumer() noexcept { consumer_parking_.wake(); }

    const StreamEnd& producer_end() const noexcept { return producer_end_; }
    const StreamEnd& consumer_end() const noexcept { return consumer_end_; }
    std::size_t capacity() const noexcept { return capacity_; }

    /// Items inside, at some moment during the call.
    std::size_t size() const noexcept {
        // relaxed: a number to show; the two may be of different moments, so it is kept within
        // bounds.
        const std::uint64_t head = head_.load(std::memory_order_relaxed);
        const std::uint64_t tail = std::max(head, tail_.load(std::memory_order_relaxed));
        return std::min<std::size_t>(tail - head, capacity_);
    }

    RingStatistics statistics() const noexcept {
        // relaxed throughout: numbers to show; exact for whoever has joined both threads.
        RingStatistics s;
        s.pushes = tail_.load(std::memory_order_relaxed);
        s.max_occupancy = occupancy_max_.load(std::memory_order_relaxed);
        if (s.pushes > 0)
            s.mean_occupancy = static_cast<double>(occupancy_sum_.load(std::memory_order_relaxed)) /
                               static_cast<double>(s.pushes);
        s.producer_wait_seconds = producer_wait_.load(std::memory_order_relaxed);
        s.consumer_wait_seconds = consumer_wait_.load(std::memory_order_relaxed);
        return s;
    }

private:
    // Two lines of 64: x86 fetches neighbours in pairs, and some machines have lines of 128.
    static constexpr std::size_t isolation = 128;

    struct Slot {
        alignas(T) std::byte bytes[sizeof(T)];
    };

    T* slot(std::uint64_t position) noexcept {
        return reinterpret_cast<T*>(slots_[position & mask_].bytes);
    }

    /// Calls move(slots, offset, n) for the at most two runs of neighbours that slots
    /// [position, position + count) are: to the array's end, and from its start.
    template <typename Move>
    void in_pieces(std::uint64_t position, std::size_t count, Move&& move) noexcept {
        const std::size_t first = std::min<std::size_t>(count, mask_ + 1 - (position & mask_));
        move(slot(position), std::size_t{0}, first);
        if (first < count) move(slot(position + first), first, count - first);
    }

    /// The last @p count slots before @p tail hold new items.
    void publish(std::uint64_t tail, std::size_t count) noexcept {
        // release: publishes the items to the consumer's acquire loads of tail_.
        tail_.store(tail, std::memory_order_release);
        if constexpr (meter == RingMeter::on) count_occupancy(tail, count);
        consumer_parking_.wake_if_parked();
    }

    /// The slots before @p head are free.
    void release(std::uint64_t head) noexcept {
        // release: publishes the freed slots to the producer's acquire loads of head_.
        head_.store(head, std::memory_order_release);
        producer_parking_.wake_if_parked();
    }

    void count_occupancy(std::uint64_t tail, std::size_t count) noexcept {
        // relaxed throughout: only this thread writes these; readers want numbers to show.
        const std::uint64_t occupied = tail - std::min(tail, head_.load(std::memory_order_relaxed));
        if (occupied > occupancy_max_.load(std::memory_order_relaxed))
            occupancy_max_.store(occupied, std::memory_order_relaxed);
        occupancy_sum_.store(occupancy_sum_.load(std::memory_order_relaxed) + occupied * count,
                             std::memory_order_relaxed);
    }

    void wait_for_room() noexcept {
        metered(producer_wait_, [&] {
            producer_parking_.wait(
                [&] {
                    // relaxed: ours. acquire: partner is the store in release().
                    return tail_.load(std::memory_order_relaxed) -
                                   head_.load(std::memory_order_acquire) <
                               capacity_ ||
                           consumer_end_.closed();
                },
                spins_);
        });
    }

    template <typename Predicate>
    void wait_for_item(Predicate&& wanted) {
        metered(consumer_wait_, [&] {
            consumer_parking_.wait(
                [&] {
                    // relaxed: ours. acquire: partner is the store in publish().
                    return head_.load(std::memory_order_relaxed) !=
                               tail_.load(std::memory_order_acquire) ||
                           producer_end_.closed() || wanted();
                },
                spins_);
        });
    }

    template <typename Wait>
    static void metered(std::atomic<double>& seconds, Wait&& wait) {
        if constexpr (meter == RingMeter::on) {
            const core::Stopwatch watch;
            wait();
            // relaxed: one writer; readers want a number to show.
            seconds.store(seconds.load(std::memory_order_relaxed) + watch.seconds(),
                          std::memory_order_relaxed);
        } else {
            wait();
        }
    }

    // Written in the constructor only.
    const std::size_t capacity_;
    const std::uint64_t mask_;
    core::AlignedBuffer<Slot> slots_; // items of a line's size share none
    const int spins_;

    // Seldom written, read by both at every call.
    alignas(isolation) Parking producer_parking_; // the producer sleeps here for room
    Parking consumer_parking_;                    // the consumer sleeps here for items
    StreamEnd producer_end_;
    StreamEnd consumer_end_;

    // The producer's line.
    alignas(isolation) std::atomic<std::uint64_t> tail_{0};
    std::uint64_t head_seen_ = 0; // a head_ that was; room by this count is room
    FollowingDistance for_room_;
    std::atomic<std::uint64_t> occupancy_max_{0};
    std::atomic<std::uint64_t> occupancy_sum_{0};
    std::atomic<double> producer_wait_{0};

    // The consumer's line.
    alignas(isolation) std::atomic<std::uint64_t> head_{0};
    std::uint64_t tail_seen_ = 0; // a tail_ that was; items by this count are there
    FollowingDistance for_items_;
    std::atomic<double> consumer_wait_{0};
};

} // namespace morphogen::parallel
