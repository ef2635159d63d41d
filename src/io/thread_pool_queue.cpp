#include "io/thread_pool_queue.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/parallel/affinity.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

namespace morphogen::io {
namespace {

constexpr std::size_t most_threads = 64;

std::int64_t call(Operation& op) noexcept {
    std::byte* const memory = op.memory + op.done;
    const std::size_t length = op.length - op.done;
    const auto offset = static_cast<off_t>(op.offset + static_cast<core::Index>(op.done));
    switch (op.action) {
    case Action::open:
        return ::open(op.path, op.flags, 0666);
    case Action::status:
        return ::statx(op.descriptor, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &op.status);
    case Action::read:
        return ::pread(op.descriptor, memory, length, offset);
    case Action::write:
        return ::pwrite(op.descriptor, memory, length, offset);
    case Action::sync:
        return ::fsync(op.descriptor);
    case Action::close:
        return ::close(op.descriptor);
    }
    return -1;
}

void carry_out(Operation& op) noexcept {
    errno = 0;
    op.result = call(op);
    if (op.result < 0) op.result = -errno;
}

} // namespace

ThreadPoolQueue::ThreadPoolQueue(int depth)
    : most_threads_(std::min(static_cast<std::size_t>(depth), most_threads)) {
    threads_.reserve(most_threads_);
    completed_.reserve(static_cast<std::size_t>(depth)); // so that work() never allocates
}

ThreadPoolQueue::~ThreadPoolQueue() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    work_there_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
}

void ThreadPoolQueue::submit(Operation& operation) {
    bool one_more = false;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(&operation);
        one_more = waiting_.size() > idle_ && threads_.size() < most_threads_;
    }
    if (one_more) {
        try {
            threads_.emplace_back([this] { work(); });
        } catch (const std::exception&) { // of the system, or no memory
            // Those that are there will do it; without any nobody would but this one.
            if (threads_.empty()) carry_out_next();
        }
    }
    work_there_.notify_one();
}

void ThreadPoolQueue::carry_out_next() {
    const std::lock_guard lock(mutex_);
    carry_out(*waiting_.front());
    completed_.push_back(waiting_.front());
    waiting_.pop_front();
}

void ThreadPoolQueue::wait(std::vector<Operation*>& completed) {
    std::unique_lock lock(mutex_);
    something_happened_.wait(lock, [this] { return woken_ || !completed_.empty(); });
    woken_ = false;
    completed.insert(completed.end(), completed_.begin(), completed_.end());
    completed_.clear();
}

void ThreadPoolQueue::wake() noexcept {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    something_happened_.notify_one();
}

void ThreadPoolQueue::work() noexcept {
    // A thread made by one that OpenMP has bound would stay on that core.
    parallel::restore_process_affinity_on_this_thread();
    parallel::name_this_thread("morphogen-io");
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        work_there_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        --idle_;
        if (waiting_.empty()) return;
        Operation& operation = *waiting_.front();
        waiting_.pop_front();
        lock.unlock();
        carry_out(operation);
        lock.lock();
        completed_.push_back(&operation);
        something_happened_.notify_one();
    }
}

} // namespace morphogen::io
