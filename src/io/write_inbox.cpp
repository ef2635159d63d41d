#include "io/write_inbox.hpp"

#include "morphogen/core/error.hpp"

#include <utility>

namespace morphogen::io {

void WriteInbox::put(Put&& item) {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    if (closed_)
        throw core::Error(
            core::ErrorText{.what = "nothing written", .why = "the writer is closed"});
    items_.emplace_back(std::move(item));
}

bool WriteInbox::add(Barrier& barrier) {
    const std::lock_guard lock(mutex_);
    if (abandoned_) std::rethrow_exception(error_);
    if (closed_) return false;
    items_.emplace_back(&barrier);
    closed_ = barrier.closes;
    return true;
}

void WriteInbox::wait(const Barrier& barrier) {
    std::unique_lock lock(mutex_);
    passed_.wait(lock, [&] { return barrier.passed; });
    if (error_) std::rethrow_exception(error_);
}

void WriteInbox::cancel() noexcept {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
}

std::optional<WriteInbox::Item> WriteInbox::next() {
    const std::lock_guard lock(mutex_);
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    return item;
}

void WriteInbox::fail(std::exception_ptr error) noexcept {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
}

void WriteInbox::pass(Barrier& barrier) noexcept {
    // Notified under the lock: the barrier and the one who waits may be gone after it.
    const std::lock_guard lock(mutex_);
    barrier.passed = true;
    passed_.notify_all();
}

void WriteInbox::abandon(std::exception_ptr error, Barrier* current) noexcept {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    abandoned_ = true;
    if (current != nullptr) current->passed = true;
    for (const Item& item : items_)
        if (auto* const barrier = std::get_if<Barrier*>(&item)) (*barrier)->passed = true;
    items_.clear();
    passed_.notify_all();
}

bool WriteInbox::failed() const {
    const std::lock_guard lock(mutex_);
    return error_ != nullptr;
}

bool WriteInbox::cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
}

} // namespace morphogen::io
