#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/parallel/function_ref.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace morphogen::parallel {

/// What produce_consume()'s threads share. Items are large (a chunk to compress takes 0.1 ms and
/// more), so one mutex, held for some instructions, is enough.
///
/// Invariant, under the mutex: every slot is in exactly one of {free_, a producer's hands, done_,
/// the host's hands}; consumed_ <= completed items <= next_ <= items_.
class SlotExchange {
public:
    using Index = core::Index;
    using Produce = FunctionRef<void(Index item, int thread, Index slot)>;
    using Consume = FunctionRef<void(Index item, Index slot)>;

    /// Before the threads: @p slots of them free, nothing begun. Allocates only if there never were
    /// as many.
    void start(Index items, Index slots);

    /// The calling thread's part: until everything is consumed or something failed.
    void work_as_host(Produce produce, Consume consume);

    /// Another thread's part: until everything is begun or something failed.
    void work(int thread, Produce produce);

private:
    using Lock = std::unique_lock<std::mutex>;
    struct Item {
        Index number;
        Index slot;
    };

    bool may_begin() const noexcept { return next_ < items_ && !free_.empty(); }
    /// Takes the next item and a free slot, produces outside the lock, and delivers.
    void produce_one(Lock& lock, int thread, Produce produce);
    void consume_one(Lock& lock, Consume consume);
    void cancel() noexcept;

    std::mutex mutex_;
    std::condition_variable slot_freed_; // producers wait
    std::condition_variable delivered_;  // the host waits

    Index items_ = 0;
    Index next_ = 0;     // the first item that was not begun
    Index consumed_ = 0; // items
    bool cancelled_ = false;
    std::vector<Index> free_; // a stack: the slot freed last is the one in some cache
    std::vector<Item> done_;  // a ring of as many places as slots
    std::size_t done_first_ = 0;
    std::size_t done_count_ = 0;
};

} // namespace morphogen::parallel
