#pragma once

#include "morphogen/io/range_reader.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <vector>

namespace morphogen::io {

/// Results on their way from the reader's thread to whoever takes them.
class EventQueue {
public:
    // ---- the reader's thread ----

    /// Takes all of @p events, which is empty afterwards. After close() they are dropped.
    void push(std::vector<ReadEvent>& events);
    /// No more will come; pop() throws @p error, if any, once those before are taken.
    void finish(std::exception_ptr error) noexcept;
    /// How many nobody has taken; if at least @p limit, the next pop() will say room_wanted.
    std::size_t size(std::size_t limit);

    // ---- any thread ----

    struct Popped {
        std::optional<ReadEvent> event;
        bool room_wanted = false;
    };
    enum class Wait { for_an_event, never };
    /// Without waiting: no event says that there is none yet, or none any more.
    Popped pop(Wait wait = Wait::for_an_event);
    void close() noexcept;
    bool closed() const;

private:
    mutable std::mutex mutex_; // guards what follows
    std::condition_variable changed_;
    std::deque<ReadEvent> events_;
    std::deque<ReadEvent> dropped_; // when it was closed; made before, for close() may not allocate
    bool room_wanted_ = false;
    bool closed_ = false;
    bool finished_ = false;
    std::exception_ptr error_;
};

} // namespace morphogen::io
