#pragma once

#include "morphogen/io/range_reader.hpp"

#include "io/event_queue.hpp"
#include "io/operation_window.hpp"
#include "io/pool_state.hpp"
#include "io/read_groups.hpp"

#include <atomic>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace morphogen::io {

/// A file that is being opened, open or being closed.
struct ReadFile {
    std::shared_ptr<const std::filesystem::path> path;
    int descriptor = -1;
    core::Index size = 0;                // once open
    bool open = false;                   // and its size known
    std::vector<ActiveRequest*> waiting; // until it is open
    int requests = 0;                    // that are not finished
    std::list<ReadFile>::iterator self;
};

struct ReadOperation : Operation {
    ReadFile* file = nullptr;
    ActiveRequest* request = nullptr; // a read's
    std::uint64_t range_tag = 0;
    Buffer buffer;
};

/// The reader behind RangeReader, on any queue. What is private belongs to its thread, but for
/// the members that are thread-safe themselves.
class ReadEngine final : PoolListener {
public:
    ReadEngine(BufferPool pool, ReadSource source, const QueueOptions& options, MadeQueue made);
    ~ReadEngine() override;

    std::optional<ReadEvent> next();
    std::optional<ReadEvent> try_next();
    void close() noexcept;
    QueueStatistics statistics() const { return window_.statistics(); }

private:
    enum class Progress { made, none };

    void bytes_came_back() noexcept override { window_.wake(); }
    void work() noexcept;
    bool step();
    void wait_for_the_last() noexcept;
    bool has_room(std::size_t held_back);

    Progress pull();
    Progress place(ReadRequest& request);
    void attach(ReadFile& file, ReadRequest& request);

    void begin_ranges();
    Progress begin(ActiveRequest& request, const Range& range);
    void submit_read(ActiveRequest& request, const Range& exact, Buffer buffer);

    void complete(ReadOperation& op);
    void opened(ReadFile& file, std::int64_t result);
    void measured(ReadFile& file, std::int64_t result, const struct statx& status);
    void has_read(ReadOperation& op);
    void fail_waiting(ReadFile& file, const std::string& why);

    void finish_range(ActiveRequest& request, ReadEvent&& event);
    void retire_if_finished(ActiveRequest& request);
    void retire(ActiveRequest& request);
    void release_recent();
    void close_when_unused(ReadFile& file);
    void submit_closes();

    const std::shared_ptr<PoolState> pool_;
    const ReadSource source_;
    const QueueOptions options_;
    const std::size_t most_untaken_; // results; those without bytes are bounded by this alone
    OperationWindow<ReadOperation> window_;
    EventQueue events_;

    bool source_ended_ = false;
    std::exception_ptr source_error_;
    std::optional<ReadRequest> pulled_; // waits for a descriptor
    std::list<ReadFile> files_;
    std::list<std::unique_ptr<ActiveRequest>> requests_;
    std::size_t requests_not_begun_ = 0; // with ranges that have not begun
    ReadFile* recent_ = nullptr;         // the last request's: open for the next one
    std::vector<ReadFile*> to_close_;
    ReadGroups groups_;
    std::vector<ReadEvent> batch_; // results since the last push

    std::mutex joining_;
    std::thread thread_; // last: it uses the others
};

} // namespace morphogen::io
