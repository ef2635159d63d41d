#include "io/event_queue.hpp"

#include <utility>

namespace morphogen::io {

void EventQueue::push(std::vector<ReadEvent>& events) {
    if (events.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        if (!closed_)
            for (ReadEvent& event : events)
                events_.push_back(std::move(event));
    }
    changed_.notify_all();
    events.clear();
}

void EventQueue::finish(std::exception_ptr error) noexcept {
    {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        error_ = std::move(error);
    }
    changed_.notify_all();
}

std::size_t EventQueue::size(std::size_t limit) {
    const std::lock_guard lock(mutex_);
    room_wanted_ = events_.size() >= limit;
    return events_.size();
}

EventQueue::Popped EventQueue::pop(Wait wait) {
    std::unique_lock lock(mutex_);
    if (wait == Wait::for_an_event)
        changed_.wait(lock, [this] { return closed_ || finished_ || !events_.empty(); });
    if (closed_) return {};
    if (events_.empty()) {
        if (finished_ && error_) std::rethrow_exception(error_);
        return {};
    }
    Popped popped{std::move(events_.front()), std::exchange(room_wanted_, false)};
    events_.pop_front();
    return popped;
}

void EventQueue::close() noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(closed_, true)) return;
        dropped_.swap(events_);
    }
    changed_.notify_all();
    dropped_.clear(); // its buffers go back after the lock
}

bool EventQueue::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

} // namespace morphogen::io
