#include "io/io_uring_queue.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <thread>

namespace morphogen::io {
namespace {

// One call moves at most this much anyway (MAX_RW_COUNT); the rest follows as after a short read.
constexpr std::size_t longest_call = std::size_t{1} << 30;

[[noreturn]] void refuse(const std::string& why) {
    throw core::Error(core::ErrorText{.what = "io_uring is not available",
                                      .why = why,
                                      .advice = "use the thread pool (Backend::automatic does)"});
}

void check_operations(io_uring& ring) {
    io_uring_probe* const probe = io_uring_get_probe_ring(&ring);
    bool all = probe != nullptr;
    for (const int code : {IORING_OP_OPENAT, IORING_OP_STATX, IORING_OP_READ, IORING_OP_WRITE,
                           IORING_OP_FSYNC, IORING_OP_CLOSE, IORING_OP_POLL_ADD})
        all = all && io_uring_opcode_supported(probe, code) != 0;
    io_uring_free_probe(probe);
    if (!all) refuse("the kernel lacks operations that came with Linux 5.6");
}

void prepare(io_uring_sqe& sqe, Operation& op) noexcept {
    std::byte* const memory = op.memory + op.done;
    const auto length = static_cast<unsigned>(std::min(op.length - op.done, longest_call));
    const auto offset = static_cast<std::uint64_t>(op.offset) + op.done;
    switch (op.action) {
    case Action::open:
        io_uring_prep_openat(&sqe, AT_FDCWD, op.path, op.flags, 0666);
        break;
    case Action::status:
        io_uring_prep_statx(&sqe, op.descriptor, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE,
                            &op.status);
        break;
    case Action::read:
        io_uring_prep_read(&sqe, op.descriptor, memory, length, offset);
        break;
    case Action::write:
        io_uring_prep_write(&sqe, op.descriptor, memory, length, offset);
        break;
    case Action::sync:
        io_uring_prep_fsync(&sqe, op.descriptor, 0);
        break;
    case Action::close:
        io_uring_prep_close(&sqe, op.descriptor);
        break;
    }
    io_uring_sqe_set_data(&sqe, &op);
}

} // namespace

IoUringQueue::IoUringQueue(int depth) {
    // One more for the poll; the completion ring is twice as large, so it cannot overflow.
    const int code = io_uring_queue_init(static_cast<unsigned>(depth) + 1, &ring_, 0);
    if (code < 0) refuse(core::errno_text(-code));
    try {
        check_operations(ring_);
        counter_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (counter_ < 0) refuse(core::errno_text(errno));
    } catch (...) {
        io_uring_queue_exit(&ring_);
        throw;
    }
    watch_counter();
}

IoUringQueue::~IoUringQueue() {
    // The poll is the only thing in flight; it must have ended before the counter may go.
    wake();
    for (bool ended = false; !ended;) {
        submit_and_wait();
        io_uring_cqe* cqe = nullptr;
        while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
            ended = true;
            io_uring_cqe_seen(&ring_, cqe);
        }
    }
    io_uring_queue_exit(&ring_);
    ::close(counter_);
}

/// There is one: the ring has as many as operations may be in flight, and one for the poll.
io_uring_sqe& IoUringQueue::entry() noexcept {
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
    MORPHOGEN_EXPECT(sqe != nullptr);
    return *sqe;
}

void IoUringQueue::watch_counter() noexcept {
    io_uring_sqe& sqe = entry();
    io_uring_prep_poll_add(&sqe, counter_, POLLIN);
    io_uring_sqe_set_data(&sqe, nullptr); // what tells it from operations
}

void IoUringQueue::submit(Operation& operation) {
    prepare(entry(), operation);
}

void IoUringQueue::submit_and_wait() noexcept {
    for (;;) {
        const int code = io_uring_submit_and_wait(&ring_, 1);
        if (code >= 0) return;
        if (code == -EINTR) continue;
        // Out of memory for more, or completions to be taken first: those in flight will help.
        if (code == -EAGAIN || code == -EBUSY || code == -ENOMEM) {
            if (io_uring_cq_ready(&ring_) != 0) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            continue;
        }
        // The kernel does not know a ring that it has made, while buffers may be the kernel's: a
        // bug of ours, and nothing could go on safely.
        std::terminate();
    }
}

bool IoUringQueue::reap(std::vector<Operation*>& completed) {
    bool any = false;
    io_uring_cqe* cqe = nullptr;
    while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
        any = true;
        if (auto* const operation = static_cast<Operation*>(io_uring_cqe_get_data(cqe))) {
            operation->result = cqe->res;
            completed.push_back(operation);
        } else {
            std::uint64_t count = 0;
            [[maybe_unused]] const auto n = ::read(counter_, &count, sizeof count);
            // An RMW; acquire: partner is the exchange in wake(), whose thread's changes the caller
            // looks at next; release lets a later wake() continue from here.
            woken_.exchange(false, std::memory_order_acq_rel);
            watch_counter();
        }
        io_uring_cqe_seen(&ring_, cqe);
    }
    return any;
}

void IoUringQueue::wait(std::vector<Operation*>& completed) {
    do
        submit_and_wait();
    while (!reap(completed));
}

void IoUringQueue::wake() noexcept {
    // acq_rel: publishes this thread's changes to the exchange in reap(). If it was set already,
    // reap() has yet to reset it, and the owner looks afterwards.
    if (woken_.exchange(true, std::memory_order_acq_rel)) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(counter_, &one, sizeof one);
}

} // namespace morphogen::io
