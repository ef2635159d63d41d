#pragma once

#include "morphogen/io/range_writer.hpp"

#include "io/operation_window.hpp"
#include "io/write_inbox.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace morphogen::io {

/// A slice that is to be written; the last one of a buffer lets it go.
struct WriteJob {
    std::shared_ptr<const Buffer> buffer;
    WriteSlice slice; // length resolved
};

struct WriteFile {
    enum class State { opening, open, syncing, closing };
    State state = State::opening;
    std::string path;
    int descriptor = -1;
    std::vector<WriteJob> waiting; // until it is open
    int in_flight = 0;             // writes
    bool dirty = false;            // written to since the last sync
    bool leaving = false;          // to be closed once it is synced
    std::uint64_t last_use = 0;
};

struct WriteOperation : Operation {
    WriteFile* file = nullptr;
    WriteJob job; // a write's
};

/// The writer behind RangeWriter, on any queue. What is private belongs to its thread, but for the
/// members that are thread-safe themselves.
class WriteEngine {
public:
    WriteEngine(const QueueOptions& options, Sync sync, MadeQueue made);
    ~WriteEngine();

    void put(Buffer buffer, std::vector<WriteSlice> slices);
    void flush();
    void close();
    QueueStatistics statistics() const { return window_.statistics(); }

private:
    enum class Progress { made, none };

    void pass(WriteInbox::Barrier& barrier);
    void join() noexcept;

    void work() noexcept;
    bool step();
    void wait_for_the_last() noexcept;
    void take_from_inbox();

    void begin_jobs();
    Progress begin(WriteJob& job);
    void open(WriteJob& job);
    void write(WriteFile& file, WriteJob&& job);
    void make_room();
    void retire(WriteFile& file);
    void sync(WriteFile& file);
    void submit(WriteFile& file, Action action);
    Progress advance_barrier();

    void complete(WriteOperation& op);
    void opened(WriteFile& file, std::int64_t result);
    void written(WriteOperation& op);
    void fail(core::Error error);

    const QueueOptions options_;
    const Sync sync_;
    OperationWindow<WriteOperation> window_;
    WriteInbox inbox_;

    std::deque<WriteJob> pending_;
    std::size_t jobs_in_flight_ = 0;                   // writing, or waiting for their file
    std::unordered_map<std::string, WriteFile> files_; // addresses stay
    std::uint64_t uses_ = 0;
    WriteInbox::Barrier* barrier_ = nullptr; // nothing behind it is taken before it is passed
    bool failed_ = false;
    bool ended_ = false; // a closing barrier was passed

    std::mutex joining_;
    std::thread thread_; // last: it uses the others
};

} // namespace morphogen::io
