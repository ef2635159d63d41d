// What the reader does with operations that have come back.
#include "morphogen/core/error.hpp"

#include "io/io_errors.hpp"
#include "io/read_engine.hpp"

#include <utility>

namespace morphogen::io {

void ReadEngine::complete(ReadOperation& op) {
    switch (op.action) {
    case Action::open:
        return opened(*op.file, op.result);
    case Action::status:
        return measured(*op.file, op.result, op.status);
    case Action::read:
        return has_read(op);
    case Action::close:
        files_.erase(op.file->self);
        return;
    case Action::write:
    case Action::sync:
        return;
    }
}

void ReadEngine::opened(ReadFile& file, std::int64_t result) {
    if (result < 0) {
        if (recent_ == &file) recent_ = nullptr;
        fail_waiting(file, core::errno_text(static_cast<int>(-result)));
        files_.erase(file.self);
        return;
    }
    file.descriptor = static_cast<int>(result);
    ReadOperation& op = window_.take();
    op.action = Action::status;
    op.descriptor = file.descriptor;
    op.file = &file;
    window_.submit(op);
}

void ReadEngine::measured(ReadFile& file, std::int64_t result, const struct statx& status) {
    if (result < 0 || !S_ISREG(status.stx_mode)) {
        if (recent_ == &file) recent_ = nullptr;
        fail_waiting(file, result < 0 ? core::errno_text(static_cast<int>(-result))
                                      : not_regular(status.stx_mode));
        return close_when_unused(file);
    }
    make_blocking(file.descriptor);
    file.size = static_cast<core::Index>(status.stx_size);
    file.open = true;
    file.waiting.clear();
}

void ReadEngine::has_read(ReadOperation& op) {
    ActiveRequest& request = *op.request;
    const auto& path = op.file->path;
    const Range range{op.offset, static_cast<core::Index>(op.length), op.range_tag};
    if (op.result == range.length)
        finish_range(request,
                     RangeRead{path, op.offset, std::move(op.buffer), request.tag, op.range_tag});
    else
        finish_range(request,
                     read_failure(path, request, &range,
                                  op.result < 0 ? core::errno_text(static_cast<int>(-op.result))
                                                : shrank(range, op.result)));
    retire_if_finished(request);
}

void ReadEngine::fail_waiting(ReadFile& file, const std::string& why) {
    for (ActiveRequest* const request : std::exchange(file.waiting, {})) {
        groups_.deliver(*request->group, read_failure(file.path, *request, nullptr, why), batch_);
        std::erase(request->group->to_begin, request);
        --requests_not_begun_;
        --request->group->unfinished;
        requests_.erase(request->self);
        --file.requests;
    }
}

} // namespace morphogen::io
