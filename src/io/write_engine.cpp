#include "io/write_engine.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/parallel/affinity.hpp"

#include "io/io_errors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace morphogen::io {
namespace {

core::Error write_error(const WriteSlice& slice, const std::string& why) {
    return range_error("cannot write range", slice.path, slice.offset, slice.length, why);
}

std::string code_text(std::int64_t result) {
    return core::errno_text(static_cast<int>(-result));
}

/// Lengths resolved. @throws core::UsageError
void check(std::vector<WriteSlice>& slices, core::Index size) {
    for (WriteSlice& slice : slices) {
        const bool begins = slice.offset >= 0 && slice.begin >= 0 && slice.begin <= size;
        if (begins && slice.length == to_end) slice.length = size - slice.begin;
        if (!begins || slice.length < 0 || slice.length > size - slice.begin)
            throw core::UsageError(core::ErrorText{
                .what = "cannot write slice",
                .where = slice.path.native() + ", offset " + std::to_string(slice.offset) +
                         ", length " + std::to_string(slice.length),
                .why = "it is not inside its buffer of " + std::to_string(size) +
                       " bytes, or its offset is negative"});
    }
}

} // namespace

WriteEngine::WriteEngine(const QueueOptions& options, Sync sync, MadeQueue made)
    : options_(options), sync_(sync), window_(std::move(made), options.depth) {
    thread_ = std::thread([this] { work(); });
}

WriteEngine::~WriteEngine() {
    inbox_.cancel();
    window_.wake();
    join();
}

void WriteEngine::put(Buffer buffer, std::vector<WriteSlice> slices) {
    check(slices, static_cast<core::Index>(buffer.size()));
    inbox_.put({std::move(buffer), std::move(slices)});
    window_.wake();
}

void WriteEngine::pass(WriteInbox::Barrier& barrier) {
    if (!inbox_.add(barrier)) return;
    window_.wake();
    inbox_.wait(barrier);
}

void WriteEngine::flush() {
    WriteInbox::Barrier barrier;
    pass(barrier);
}

void WriteEngine::close() {
    WriteInbox::Barrier barrier{.closes = true};
    pass(barrier);
    join();
}

void WriteEngine::join() noexcept {
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
}

void WriteEngine::work() noexcept {
    // A thread made by one that OpenMP has bound would stay on that core.
    parallel::restore_process_affinity_on_this_thread();
    parallel::name_this_thread("morphogen-write");
    try {
        while (step()) {
        }
    } catch (...) { // no memory for a slice or a file
        inbox_.abandon(std::current_exception(), barrier_);
        while (window_.in_flight() > 0)
            wait_for_the_last();
    }
    for (const auto& [path, file] : files_)
        if (file.descriptor >= 0) ::close(file.descriptor);
}

/// Nothing is begun any more: only the descriptors are noted.
void WriteEngine::wait_for_the_last() noexcept {
    window_.wait([](WriteOperation& op) {
        if (op.action == Action::open && op.result >= 0)
            op.file->descriptor = static_cast<int>(op.result);
        else if (op.action == Action::close)
            op.file->descriptor = -1;
    });
}

/// @returns whether there is more to come.
bool WriteEngine::step() {
    if (!failed_ && inbox_.cancelled()) {
        failed_ = true;
        pending_.clear();
    }
    do {
        take_from_inbox();
        begin_jobs();
    } while (advance_barrier() == Progress::made && !ended_);
    if (window_.in_flight() == 0 && (ended_ || inbox_.cancelled())) return false;
    window_.wait([this](WriteOperation& op) { complete(op); });
    return true;
}

void WriteEngine::take_from_inbox() {
    while (!barrier_) {
        auto item = inbox_.next();
        if (!item) return;
        if (auto* const barrier = std::get_if<WriteInbox::Barrier*>(&*item)) {
            barrier_ = *barrier;
        } else if (!failed_) {
            auto& put = std::get<WriteInbox::Put>(*item);
            const auto buffer = std::make_shared<const Buffer>(std::move(put.buffer));
            for (WriteSlice& slice : put.slices)
                if (slice.length > 0) pending_.push_back({buffer, std::move(slice)});
        }
    }
}

// ---- slices ----

void WriteEngine::begin_jobs() {
    while (!pending_.empty() && !window_.full() && begin(pending_.front()) == Progress::made)
        pending_.pop_front();
}

WriteEngine::Progress WriteEngine::begin(WriteJob& job) {
    const auto found = files_.find(job.slice.path.native());
    if (found == files_.end()) {
        if (files_.size() >= static_cast<std::size_t>(options_.open_files)) {
            make_room();
            return Progress::none;
        }
        open(job);
        return Progress::made;
    }
    WriteFile& file = found->second;
    switch (file.state) {
    case WriteFile::State::opening:
        ++jobs_in_flight_;
        file.waiting.push_back(std::move(job));
        return Progress::made;
    case WriteFile::State::open:
        write(file, std::move(job));
        return Progress::made;
    case WriteFile::State::syncing:
    case WriteFile::State::closing:
        return Progress::none; // it will be opened again
    }
    return Progress::none;
}

void WriteEngine::open(WriteJob& job) {
    WriteFile& file = files_[job.slice.path.native()];
    file.path = job.slice.path.native();
    ++jobs_in_flight_;
    file.waiting.push_back(std::move(job));
    WriteOperation& op = window_.take();
    op.action = Action::open;
    op.path = file.path.c_str();
    op.flags = open_flags(O_WRONLY | O_CREAT);
    op.file = &file;
    window_.submit(op);
}

void WriteEngine::write(WriteFile& file, WriteJob&& job) {
    ++jobs_in_flight_;
    ++file.in_flight;
    file.last_use = ++uses_;
    WriteOperation& op = window_.take();
    op.action = Action::write;
    op.descriptor = file.descriptor;
    // The kernel only reads it; Operation serves reading too.
    op.memory = const_cast<std::byte*>(job.buffer->data()) + job.slice.begin;
    op.length = static_cast<std::size_t>(job.slice.length);
    op.offset = job.slice.offset;
    op.file = &file;
    op.job = std::move(job);
    window_.submit(op);
}

// ---- files ----

/// Closes the files that were not used for longest, several at once: others will be wanted soon.
void WriteEngine::make_room() {
    std::vector<WriteFile*> idle;
    for (auto& [path, file] : files_) {
        if (file.state == WriteFile::State::syncing || file.state == WriteFile::State::closing)
            return; // room is on its way
        if (file.state == WriteFile::State::open && file.in_flight == 0) idle.push_back(&file);
    }
    std::sort(idle.begin(), idle.end(),
              [](const WriteFile* a, const WriteFile* b) { return a->last_use < b->last_use; });
    const auto enough = static_cast<std::size_t>(std::max(1, options_.open_files / 4));
    for (std::size_t i = 0; i < std::min(enough, idle.size()) && !window_.full(); ++i)
        retire(*idle[i]);
}

/// Closes a file, synced before if that is wanted.
void WriteEngine::retire(WriteFile& file) {
    file.leaving = true;
    if (file.dirty && sync_ == Sync::files) {
        sync(file);
    } else {
        file.state = WriteFile::State::closing;
        submit(file, Action::close);
    }
}

void WriteEngine::sync(WriteFile& file) {
    file.state = WriteFile::State::syncing;
    submit(file, Action::sync);
}

void WriteEngine::submit(WriteFile& file, Action action) {
    WriteOperation& op = window_.take();
    op.action = action;
    op.descriptor = file.descriptor;
    op.file = &file;
    window_.submit(op);
}

/// @returns made if it was passed.
WriteEngine::Progress WriteEngine::advance_barrier() {
    if (!barrier_ || !pending_.empty() || jobs_in_flight_ > 0) return Progress::none;
    for (auto& [path, file] : files_) {
        if (failed_ || window_.full()) break;
        if (file.state != WriteFile::State::open) continue;
        if (barrier_->closes)
            retire(file);
        else if (file.dirty && sync_ == Sync::files)
            sync(file);
    }
    if (window_.in_flight() > 0) return Progress::none;
    ended_ = barrier_->closes;
    inbox_.pass(*std::exchange(barrier_, nullptr));
    return Progress::made;
}

// ---- what came back ----

void WriteEngine::complete(WriteOperation& op) {
    WriteFile& file = *op.file;
    switch (op.action) {
    case Action::open:
        return opened(file, op.result);
    case Action::write:
        return written(op);
    case Action::sync:
        if (op.result < 0)
            fail(core::Error(core::ErrorText{
                .what = "cannot sync file", .where = file.path, .why = code_text(op.result)}));
        file.dirty = false;
        file.state = WriteFile::State::open;
        if (file.leaving) retire(file);
        return;
    case Action::close:
        if (op.result < 0 && op.result != -EINTR)
            fail(core::Error(core::ErrorText{
                .what = "cannot close file", .where = file.path, .why = code_text(op.result)}));
        files_.erase(file.path);
        return;
    case Action::read:
    case Action::status:
        return;
    }
}

void WriteEngine::opened(WriteFile& file, std::int64_t result) {
    std::vector<WriteJob> waiting = std::exchange(file.waiting, {});
    jobs_in_flight_ -= waiting.size();
    if (result < 0) {
        fail(write_error(waiting.front().slice, code_text(result)));
        files_.erase(file.path);
        return;
    }
    file.descriptor = static_cast<int>(result);
    file.state = WriteFile::State::open;
    make_blocking(file.descriptor);
    if (!failed_)
        pending_.insert(pending_.begin(), std::make_move_iterator(waiting.begin()),
                        std::make_move_iterator(waiting.end()));
}

void WriteEngine::written(WriteOperation& op) {
    --jobs_in_flight_;
    --op.file->in_flight;
    op.file->dirty = true;
    if (op.result == static_cast<std::int64_t>(op.length)) return;
    fail(write_error(op.job.slice,
                     op.result < 0 ? code_text(op.result)
                                   : "only " + std::to_string(op.result) + " bytes were taken"));
}

void WriteEngine::fail(core::Error error) {
    inbox_.fail(std::make_exception_ptr(std::move(error)));
    failed_ = true;
    pending_.clear();
}

} // namespace morphogen::io
