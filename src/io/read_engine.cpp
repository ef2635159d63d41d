#include "io/read_engine.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/parallel/affinity.hpp"

#include "io/io_errors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace morphogen::io {

ReadEngine::ReadEngine(BufferPool pool, ReadSource source, const QueueOptions& options,
                       MadeQueue made)
    : pool_(std::move(pool.state_)), source_(std::move(source)), options_(options),
      most_untaken_(256 + 4 * static_cast<std::size_t>(options.depth)),
      window_(std::move(made), options.depth) {
    thread_ = std::thread([this] { work(); });
}

ReadEngine::~ReadEngine() {
    close();
}

std::optional<ReadEvent> ReadEngine::next() {
    auto [event, room_wanted] = events_.pop();
    if (room_wanted) window_.wake();
    return std::move(event);
}

std::optional<ReadEvent> ReadEngine::try_next() {
    auto [event, room_wanted] = events_.pop(EventQueue::Wait::never);
    if (room_wanted) window_.wake();
    return std::move(event);
}

void ReadEngine::close() noexcept {
    events_.close(); // which the thread sees in step()
    window_.wake();
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
}

void ReadEngine::work() noexcept {
    // A thread made by one that OpenMP has bound would stay on that core.
    parallel::restore_process_affinity_on_this_thread();
    parallel::name_this_thread("morphogen-read");
    try {
        while (step()) {
        }
    } catch (...) { // no memory for a result or a request
        source_error_ = std::current_exception();
        while (window_.in_flight() > 0)
            wait_for_the_last();
    }
    pool_->forget(this);
    groups_.drop(); // results held back: their buffers return
    for (const ReadFile& file : files_)
        if (file.descriptor >= 0) ::close(file.descriptor);
    events_.finish(std::move(source_error_));
}

/// @returns whether there is more to come.
bool ReadEngine::step() {
    const bool cancelled = events_.closed();
    while (!cancelled) {
        do
            begin_ranges();
        while (pull() == Progress::made);
        submit_closes();
        groups_.advance(batch_);
        // What was held up by results that are only now where they can be taken goes on.
        if (batch_.empty()) break;
        events_.push(batch_);
    }
    const bool more = !source_ended_ || pulled_ || groups_.unfinished() || !to_close_.empty();
    if (window_.in_flight() == 0 && (cancelled || !more)) return false;
    if (cancelled)
        wait_for_the_last();
    else
        window_.wait([this](ReadOperation& op) { complete(op); });
    return true;
}

/// Nobody wants what is in flight: only the descriptors are noted.
void ReadEngine::wait_for_the_last() noexcept {
    window_.wait([](ReadOperation& op) {
        if (op.action == Action::open && op.result >= 0)
            op.file->descriptor = static_cast<int>(op.result);
        else if (op.action == Action::close)
            op.file->descriptor = -1;
    });
}

/// Whether results may be added to those that nobody has taken and @p held_back ones.
bool ReadEngine::has_room(std::size_t held_back) {
    const std::size_t here = batch_.size() + held_back;
    return here < most_untaken_ && events_.size(most_untaken_ - here) + here < most_untaken_;
}

// ---- requests ----

ReadEngine::Progress ReadEngine::pull() {
    if (pulled_) return place(*pulled_);
    if (source_ended_ || requests_not_begun_ >= static_cast<std::size_t>(options_.depth) ||
        !has_room(groups_.held_back()))
        return Progress::none;
    std::optional<std::variant<ReadRequest, EndOfGroup>> item;
    try {
        item = source_();
    } catch (...) {
        source_error_ = std::current_exception();
    }
    if (!item) {
        source_ended_ = true;
        release_recent();
    } else if (auto* const end = std::get_if<EndOfGroup>(&*item)) {
        groups_.end_latest(end->tag);
    } else {
        pulled_ = std::move(std::get<ReadRequest>(*item));
        place(*pulled_);
    }
    return Progress::made;
}

/// Gives the pulled request its file, if there is a descriptor for it.
ReadEngine::Progress ReadEngine::place(ReadRequest& request) {
    if (!recent_ || recent_->path->native() != request.path.native()) {
        release_recent();
        submit_closes();
        if (window_.full() || files_.size() >= static_cast<std::size_t>(options_.open_files))
            return Progress::none;
        ReadFile& file = files_.emplace_back();
        file.self = std::prev(files_.end());
        file.path = std::make_shared<const std::filesystem::path>(std::move(request.path));
        recent_ = &file;
        ReadOperation& op = window_.take();
        op.action = Action::open;
        op.path = file.path->c_str();
        op.flags = open_flags(O_RDONLY);
        op.file = &file;
        window_.submit(op);
    }
    attach(*recent_, request);
    pulled_.reset();
    return Progress::made;
}

void ReadEngine::attach(ReadFile& file, ReadRequest& request) {
    ActiveRequest& active = *requests_.emplace_back(std::make_unique<ActiveRequest>());
    active.self = std::prev(requests_.end());
    active.file = &file;
    active.group = &groups_.latest();
    active.ranges = std::move(request.ranges);
    active.tag = request.tag;
    ++file.requests;
    ++active.group->unfinished;
    active.group->to_begin.push_back(&active);
    ++requests_not_begun_;
    if (!file.open) file.waiting.push_back(&active);
}

// ---- ranges ----

/// As many as the queue, the pool and the results that nobody has taken leave room for. Strictly in
/// order from here on, so that a large range is not starved of bytes by smaller ones behind it.
void ReadEngine::begin_ranges() {
    for (;;) {
        ReadGroup& group = groups_.beginning();
        if (group.to_begin.empty()) return;
        ActiveRequest& request = *group.to_begin.front();
        if (!request.file->open) return;
        if (request.begun < request.ranges.size()) {
            if (window_.full() || !has_room(groups_.held_back_behind(group)) ||
                begin(request, request.ranges[request.begun]) == Progress::none)
                return;
            ++request.begun;
        }
        if (request.begun == request.ranges.size()) {
            group.to_begin.pop_front();
            --requests_not_begun_;
            retire_if_finished(request);
        }
    }
}

/// @returns none if the pool has no bytes now; it will wake this thread then.
ReadEngine::Progress ReadEngine::begin(ActiveRequest& request, const Range& range) {
    const auto& path = request.file->path;
    const auto resolved = resolve(range, request.file->size);
    if (const auto* const why = std::get_if<std::string>(&resolved)) {
        finish_range(request, read_failure(path, request, &range, *why));
        return Progress::made;
    }
    const Range& exact = std::get<Range>(resolved);
    const auto length = static_cast<std::size_t>(exact.length);
    if (length == 0) {
        finish_range(request, RangeRead{path, exact.offset, Buffer{}, request.tag, range.tag});
        return Progress::made;
    }
    try {
        if (length > pool_->limit()) {
            finish_range(request, read_failure(path, request, &exact, pool_->too_large(length)));
            return Progress::made;
        }
        auto buffer = pool_->try_acquire(length, this);
        if (!buffer) return Progress::none;
        submit_read(request, exact, std::move(*buffer));
    } catch (const std::bad_alloc&) {
        finish_range(request, read_failure(path, request, &exact, "no memory for its bytes"));
    }
    return Progress::made;
}

void ReadEngine::submit_read(ActiveRequest& request, const Range& exact, Buffer buffer) {
    ReadOperation& op = window_.take();
    op.action = Action::read;
    op.descriptor = request.file->descriptor;
    op.memory = buffer.data();
    op.length = buffer.size();
    op.offset = exact.offset;
    op.file = request.file;
    op.request = &request;
    op.range_tag = exact.tag;
    op.buffer = std::move(buffer); // its memory stays where it is
    window_.submit(op);
}

void ReadEngine::finish_range(ActiveRequest& request, ReadEvent&& event) {
    ++request.finished;
    groups_.deliver(*request.group, std::move(event), batch_);
}

void ReadEngine::retire_if_finished(ActiveRequest& request) {
    if (request.finished == request.ranges.size()) retire(request);
}

void ReadEngine::retire(ActiveRequest& request) {
    ReadFile& file = *request.file;
    --request.group->unfinished;
    requests_.erase(request.self);
    --file.requests;
    close_when_unused(file);
}

// ---- files ----

/// The next request is for another file, or there is none.
void ReadEngine::release_recent() {
    if (ReadFile* const file = std::exchange(recent_, nullptr)) close_when_unused(*file);
}

void ReadEngine::close_when_unused(ReadFile& file) {
    if (file.requests == 0 && recent_ != &file) to_close_.push_back(&file);
}

void ReadEngine::submit_closes() {
    while (!to_close_.empty() && !window_.full()) {
        ReadFile& file = *to_close_.back();
        to_close_.pop_back();
        ReadOperation& op = window_.take();
        op.action = Action::close;
        op.descriptor = file.descriptor;
        op.file = &file;
        window_.submit(op);
    }
}

} // namespace morphogen::io
