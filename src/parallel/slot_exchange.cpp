#include "slot_exchange.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/contract.hpp"

#include <algorithm>

namespace morphogen::parallel {

void SlotExchange::start(Index items, Index slots) {
    MORPHOGEN_EXPECT(items >= 0 && slots >= 1);
    items_ = items;
    next_ = 0;
    consumed_ = 0;
    cancelled_ = false;
    done_first_ = 0;
    done_count_ = 0;
    slots = std::min(slots, std::max<Index>(items, 1)); // more are never needed
    done_.resize(core::checked_cast<std::size_t>(slots));
    free_.clear();
    for (Index slot = slots; slot-- > 0;)
        free_.push_back(slot);
}

void SlotExchange::work_as_host(Produce produce, Consume consume) {
    Lock lock(mutex_);
    while (!cancelled_ && consumed_ < items_) {
        if (done_count_ > 0)
            consume_one(lock, consume);
        else if (may_begin())
            produce_one(lock, 0, produce);
        else // only this thread frees slots, so only a delivery (or an error) can change anything
            delivered_.wait(lock, [&] { return done_count_ > 0 || cancelled_; });
    }
}

void SlotExchange::work(int thread, Produce produce) {
    Lock lock(mutex_);
    while (!cancelled_ && next_ < items_) {
        if (may_begin())
            produce_one(lock, thread, produce);
        else
            slot_freed_.wait(lock, [&] { return may_begin() || next_ == items_ || cancelled_; });
    }
}

void SlotExchange::produce_one(Lock& lock, int thread, Produce produce) {
    const Item item{next_++, free_.back()};
    free_.pop_back();
    const bool last = next_ == items_;
    lock.unlock();
    if (last) slot_freed_.notify_all(); // nobody needs to wait for a slot any more
    try {
        produce(item.number, thread, item.slot);
    } catch (...) {
        cancel();
        throw;
    }
    lock.lock();
    done_[(done_first_ + done_count_++) % done_.size()] = item;
    if (thread != 0) delivered_.notify_one();
}

void SlotExchange::consume_one(Lock& lock, Consume consume) {
    const Item item = done_[done_first_];
    done_first_ = (done_first_ + 1) % done_.size();
    --done_count_;
    lock.unlock();
    try {
        consume(item.number, item.slot);
    } catch (...) {
        cancel();
        throw;
    }
    lock.lock();
    ++consumed_;
    free_.push_back(item.slot);
    if (next_ < items_) slot_freed_.notify_one();
}

void SlotExchange::cancel() noexcept {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    slot_freed_.notify_all();
    delivered_.notify_all();
}

} // namespace morphogen::parallel
