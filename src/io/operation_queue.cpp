#include "io/operation_queue.hpp"

#include "morphogen/core/error.hpp"

#include "io/io_uring_queue.hpp"
#include "io/thread_pool_queue.hpp"

#include <fcntl.h>

namespace morphogen::io {

namespace {

constexpr int most = 16384; // half of the entries that a ring may have

void check(const std::string& what, int value) {
    if (value < 1 || value > most)
        throw core::UsageError(
            core::ErrorText{.what = what + " " + std::to_string(value) + " is not possible",
                            .advice = "1 to " + std::to_string(most) + " are"});
}

} // namespace

std::string to_string(Backend backend) {
    switch (backend) {
    case Backend::automatic:
        return "automatic";
    case Backend::io_uring:
        return "io_uring";
    case Backend::thread_pool:
        return "thread pool";
    }
    return {};
}

bool io_uring_available() {
    try {
        const IoUringQueue probe(1);
        return true;
    } catch (const core::Error&) {
        return false;
    }
}

MadeQueue make_operation_queue(const QueueOptions& options) {
    check("queue depth", options.depth);
    check("number of open files", options.open_files);
    MadeQueue made;
    if (options.backend != Backend::thread_pool) {
        try {
            made.queue = std::make_unique<IoUringQueue>(options.depth);
            return made;
        } catch (const core::Error& error) {
            if (options.backend == Backend::io_uring) throw;
            made.fallback = error.what();
        }
    }
    made.queue = std::make_unique<ThreadPoolQueue>(options.depth);
    return made;
}

int open_flags(int access) noexcept {
    return access | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
}

void make_blocking(int descriptor) noexcept {
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags >= 0) ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
}

} // namespace morphogen::io
