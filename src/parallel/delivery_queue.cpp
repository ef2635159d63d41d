#include "delivery_queue.hpp"

#include <algorithm>

namespace morphogen::parallel {

DeliveryQueue::DeliveryQueue(core::Index slots, Delivery delivery)
    : delivery_(delivery), slots_(static_cast<std::size_t>(slots)),
      order_(static_cast<std::size_t>(slots)),
      // Each group but the one being read has at least its end in a slot.
      groups_(static_cast<std::size_t>(slots) + 1), ready_(static_cast<std::size_t>(slots)) {
    waiting_.reserve(static_cast<std::size_t>(slots));
    clear();
}

void DeliveryQueue::clear() noexcept {
    order_.clear();
    groups_.clear();
    groups_.push({});
    first_group_ = last_group_ = 0;
    ready_.clear();
    waiting_.clear();
}

void DeliveryQueue::add_item(core::Index slot) {
    at(slot) = {.group_end = false, .completed = false, .group = last_group_};
    if (delivery_ == Delivery::in_source_order)
        order_.push(slot);
    else
        ++groups_.back().undelivered;
}

void DeliveryQueue::add_group_end(core::Index slot) {
    at(slot) = {.group_end = true, .completed = true, .group = last_group_};
    if (delivery_ == Delivery::in_source_order) {
        order_.push(slot);
        return;
    }
    groups_.back().end = slot;
    groups_.push({});
    ++last_group_;
}

void DeliveryQueue::complete(core::Index slot) {
    at(slot).completed = true;
    if (delivery_ == Delivery::in_source_order) return;
    if (at(slot).group == first_group_)
        ready_.push(slot);
    else
        waiting_.push_back(slot);
}

core::Index DeliveryQueue::next() {
    return delivery_ == Delivery::in_source_order ? next_in_source_order() : next_as_completed();
}

core::Index DeliveryQueue::next_in_source_order() {
    if (order_.empty() || !at(order_.front()).completed) return -1;
    return order_.pop();
}

core::Index DeliveryQueue::next_as_completed() {
    Group& group = groups_.front();
    if (!ready_.empty()) {
        --group.undelivered;
        return ready_.pop();
    }
    if (group.end < 0 || group.undelivered > 0) return -1;
    const core::Index end = group.end;
    begin_next_group();
    return end;
}

void DeliveryQueue::begin_next_group() {
    groups_.pop();
    ++first_group_;
    const auto later =
        std::stable_partition(waiting_.begin(), waiting_.end(),
                              [&](core::Index slot) { return at(slot).group == first_group_; });
    std::for_each(waiting_.begin(), later, [&](core::Index slot) { ready_.push(slot); });
    waiting_.erase(waiting_.begin(), later);
}

} // namespace morphogen::parallel
