#pragma once

#include "morphogen/parallel/pipeline.hpp"

#include <cstddef>
#include <vector>

namespace morphogen::parallel {

/// A first-in first-out queue of at most as many numbers as it was made for; never allocates later.
template <typename T>
class FixedQueue {
public:
    explicit FixedQueue(std::size_t capacity) : places_(capacity) {}
    bool empty() const noexcept { return count_ == 0; }
    T& front() noexcept { return places_[first_]; }
    T& back() noexcept { return places_[(first_ + count_ - 1) % places_.size()]; }
    void push(T value) noexcept { places_[(first_ + count_++) % places_.size()] = value; }
    T pop() noexcept {
        const T value = front();
        first_ = (first_ + 1) % places_.size();
        --count_;
        return value;
    }
    void clear() noexcept { first_ = count_ = 0; }

private:
    std::vector<T> places_;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

/// Decides which slot a pipeline delivers next. A slot is added in source order, completed once
/// (a group's end at once), and comes out of next() once. Not synchronised.
class DeliveryQueue {
public:
    DeliveryQueue(core::Index slots, Delivery delivery);

    void clear() noexcept;
    void add_item(core::Index slot);
    void add_group_end(core::Index slot);
    void complete(core::Index slot);

    /// The slot that may be delivered now, which is thereby out; -1 if none.
    core::Index next();
    bool is_group_end(core::Index slot) const noexcept { return at(slot).group_end; }

private:
    struct Slot {
        bool group_end = false;
        bool completed = false;
        std::uint64_t group = 0;
    };
    /// One that has slots in flight, or the one being read.
    struct Group {
        core::Index undelivered = 0; // items
        core::Index end = -1;        // slot of its end, once the source gave it
    };

    Slot& at(core::Index slot) noexcept { return slots_[static_cast<std::size_t>(slot)]; }
    const Slot& at(core::Index slot) const noexcept {
        return slots_[static_cast<std::size_t>(slot)];
    }
    core::Index next_in_source_order();
    core::Index next_as_completed();
    void begin_next_group();

    Delivery delivery_;
    std::vector<Slot> slots_;

    FixedQueue<core::Index> order_; // in source order: everything in flight

    // As completed: the groups in flight, the first of which is being delivered.
    FixedQueue<Group> groups_;
    std::uint64_t first_group_ = 0;    // number of groups_.front()
    std::uint64_t last_group_ = 0;     // number of groups_.back(), the one being read
    FixedQueue<core::Index> ready_;    // completed, of the first group
    std::vector<core::Index> waiting_; // completed, of later groups, in order of completion
};

} // namespace morphogen::parallel
