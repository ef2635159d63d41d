#pragma once

#include "morphogen/io/range_writer.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

namespace morphogen::io {

/// What was put, in order, on its way to the writer's thread; and what that has to say.
class WriteInbox {
public:
    struct Put {
        Buffer buffer;
        std::vector<WriteSlice> slices;
    };
    /// Everything before it has to be written before anything behind it begins.
    struct Barrier {
        bool closes = false; // the files too, and the inbox
        bool passed = false;
    };
    using Item = std::variant<Put, Barrier*>;

    // ---- any thread but the writer's ----

    /// @throws the first error; core::Error once a closing barrier is in.
    void put(Put&& item);
    /// @returns whether it is in: false if a closing barrier was before it.
    bool add(Barrier& barrier);
    /// Until the writer has passed @p barrier. @throws the first error
    void wait(const Barrier& barrier);
    void cancel() noexcept;

    // ---- the writer's thread ----

    std::optional<Item> next();
    /// Keeps the first error.
    void fail(std::exception_ptr error) noexcept;
    void pass(Barrier& barrier) noexcept;
    /// Nobody takes items any more: whoever waits, or comes later, is told @p error.
    /// @param current the barrier that was taken and not passed, or null
    void abandon(std::exception_ptr error, Barrier* current) noexcept;

    // ---- any thread ----

    bool failed() const;
    bool cancelled() const;

private:
    mutable std::mutex mutex_; // guards what follows
    std::condition_variable passed_;
    std::deque<Item> items_;
    bool closed_ = false;
    bool cancelled_ = false;
    bool abandoned_ = false;
    std::exception_ptr error_;
};

} // namespace morphogen::io
