#pragma once

#include "morphogen/io/queue.hpp"

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace morphogen::io {

enum class Action { open, status, read, write, sync, close };

/// One system call to be carried out somewhere else. The engines derive theirs from it, with what
/// they need when it has come back.
struct Operation {
    Action action = Action::open;
    int descriptor = -1;         // all but open
    const char* path = nullptr;  // open; must live until it came back
    int flags = 0;               // open
    std::byte* memory = nullptr; // read, write: the kernel's until the operation came back
    std::size_t length = 0;
    core::Index offset = 0;
    std::size_t done = 0;    // bytes of `length` that earlier, shorter calls have moved
    struct statx status {};  // status
    std::int64_t result = 0; // as the system call's; an error is -errno
};

/// Carries operations out, any number at once, and hands them back as they are completed. Every
/// operation that was submitted comes back; the queue may only be destroyed when all have.
class OperationQueue {
public:
    OperationQueue() = default;
    OperationQueue(const OperationQueue&) = delete;
    OperationQueue& operator=(const OperationQueue&) = delete;
    virtual ~OperationQueue() = default;

    virtual Backend backend() const noexcept = 0;

    // ---- one thread ----

    /// Does not wait. At most as many as the depth may be in flight.
    virtual void submit(Operation& operation) = 0;
    /// Appends completed operations to @p completed: waits until there is at least one, or wake()
    /// was called since the last wait.
    virtual void wait(std::vector<Operation*>& completed) = 0;

    // ---- any thread ----

    virtual void wake() noexcept = 0;
};

/// A queue, and why it is not io_uring where that had been wanted.
struct MadeQueue {
    std::unique_ptr<OperationQueue> queue;
    std::string fallback = {};
};

/// @throws core::UsageError for options out of range; core::Error where io_uring was demanded and
/// the kernel refuses it.
MadeQueue make_operation_queue(const QueueOptions& options);

/// The open call's flags: with O_NONBLOCK, so that a FIFO does not hold up whoever opens it.
int open_flags(int access) noexcept;
/// Takes O_NONBLOCK away again, which io_uring would obey for regular files too.
void make_blocking(int descriptor) noexcept;

} // namespace morphogen::io
