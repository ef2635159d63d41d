#pragma once

#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/recycler.hpp"
#include "morphogen/parallel/spsc_ring.hpp"
#include "morphogen/run/frame_encoder.hpp"
#include "morphogen/run/report.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace morphogen::run {

/// The writer's stages, in order, for tests that make each one fail.
enum class WriterStage {
    compare, // a frame that is stored already
    begin_frame,
    encode,
    put_chunk,
    end_frame,
    commit,
    job,
    close
};

/// Called on the writer thread on entering a stage, with the number of the frame; what it throws
/// counts as the stage's.
using WriterProbe = std::function<void(WriterStage, core::Index frame)>;

/// Work for the writer thread between two frames: what needs the thread that may touch HDF5, and
/// frames that are safe.
struct WriterJob {
    core::Index after_frames = 0; // done once the frames with smaller numbers are flushed
    bool secures = false;         // calls FrameSink::secure() first; collective where the sink is
    /// What it throws is the writer's error.
    std::function<void(const store::FrameSink& sink)> work;
};

struct WriterOptions {
    /// Number of the first frame that is pushed. Frames up to the sink's `flushed()` are stored
    /// already: they are compared with what is stored, if wanted, instead of being written.
    core::Index first_frame = 0;
    bool compares = true;
    core::Index queue_frames = 2; // that may wait; at least 1
    core::Index flush_every = 1;  // frames per commit
    int threads = 1;              // compression team, the writer thread included
    Rounding rounding;
    WriterProbe probe; // may be empty
    /// Called once on the writer thread when it fails, before the error is handed over. For
    /// collective sinks, whose other ranks would wait for ever: it ends the job.
    std::function<void(const std::exception_ptr&)> on_failure;
};

/// Stores frames on a thread of its own, behind a bounded ring.
///
/// A frame's buffer is in exactly one of {simulation, ring, writer, free ring}: `acquire` takes it
/// from the free ring, `push` moves it into the ring, the writer gives it back once its last chunk
/// is encoded and written. Between two frames the writer does the job it was given. While the
/// writer stores one frame it encodes ahead from those that lie in the ring. At most queue_frames +
/// 2 exist. A full ring blocks `push` (back-pressure).
///
/// The writer's first error closes both rings: the next `acquire`, `push`, `drain` or `close`
/// throws it. From construction to close() only the writer thread touches HDF5. All members but the
/// constructor and destructor belong to one thread, the simulation's; flushed() and queued() may be
/// read by any.
class Writer {
public:
    Writer(std::unique_ptr<store::FrameSink> sink, const store::FrameLayout& layout,
           WriterOptions options);
    /// Without a close() before: abandons the file as a kill would leave it, and joins the thread.
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// An empty frame of this rank's block. Waits while all are in use. @throws the writer's error.
    store::Frame acquire();

    /// Hands a filled frame over. Waits while the ring is full. @throws the writer's error.
    void push(store::Frame&& frame);

    /// No more frames: waits until all are written and flushed. @throws the writer's error.
    void drain();

    /// All ranks have flushed the first @p frames frames (see FrameSink::publish). Does not wait,
    /// never throws.
    void publish(core::Index frames) noexcept;

    /// Hands a job over; there must be none (job_done()). Does not wait.
    void submit(WriterJob job);
    /// No job is waiting or being done.
    bool job_done() const noexcept {
        return !job_pending_.load(std::memory_order_acquire);
    } // partner: run_due_job()
    /// Waits until the job is done. @throws the writer's error.
    void wait_for_job();
    /// @throws the writer's error, if it has failed.
    void check() const;

    /// How close() leaves the file: whole, or, because another rank failed, as a kill would:
    /// flushed and published, but marked as being written, so that nobody takes the run's files for
    /// whole.
    enum class Ending { whole, unfinished };

    /// Drains, publishes what is due, closes the file and joins the thread. @throws the writer's
    /// error.
    void close(Ending ending = Ending::whole);

    core::Index flushed() const noexcept {
        return flushed_.load(std::memory_order_acquire);
    } // partner: write_frames()
    core::Index queued() const noexcept { return static_cast<core::Index>(ring_.size()); }
    /// Wall time that the latest frames took to be stored, 0 before the first.
    double seconds_per_frame() const noexcept {
        return seconds_per_frame_.load(std::memory_order_relaxed);
    } // nothing else is published by it

    /// After close() or a failure: what this rank's writer did.
    WriterFigures figures() const;
    /// Frames that /step counts, as far as this rank knows; after close().
    core::Index committed() const noexcept {
        return committed_.load(std::memory_order_acquire);
    } // partner: thread_main()

private:
    enum class Phase { writing, drained, closing, ended };

    void thread_main() noexcept;
    void use_sink();
    void write_all();
    void compare_stored_frames();
    void write_chunks();
    void write_frames();
    bool wait_for_frame();
    void begin_frame();
    void end_frame();
    template <typename F>
    void metered(WriterStage stage, F&& call);
    void commit();
    bool job_due() const noexcept;
    void run_due_job();
    bool publish_due() const noexcept;
    void publish_pending();
    void wait_for_close();
    void fail(const std::exception_ptr& error) noexcept;
    void enter(WriterStage stage, core::Index frame) const;
    void set_phase(Phase phase) noexcept;

    // Shared, in the order of a frame's way.
    parallel::Recycler<store::Frame> recycler_;
    parallel::SpscRing<store::Frame> ring_;
    std::atomic<core::Index> flushed_{0};
    std::atomic<core::Index> committed_{0};
    std::atomic<core::Index> publish_target_{0};
    std::atomic<double> seconds_per_frame_{0.0};
    std::atomic<bool> job_pending_{false};
    WriterJob job_;            // the writer thread's while job_pending_, else the simulation's
    mutable std::mutex mutex_; // guards phase_, ending_ and error_
    std::condition_variable changed_;
    Phase phase_ = Phase::writing;
    Ending ending_ = Ending::whole; // set before `closing`
    std::exception_ptr error_;

    // The writer thread's; read by others after the join.
    std::unique_ptr<store::FrameSink> sink_;
    const store::FrameLayout layout_;
    const WriterOptions options_;
    const double sync_before_; // seconds that creating the files has synced
    std::optional<FrameEncoder> encoder_;
    store::Frame frame_;      // in hand: being written
    core::Index next_number_; // of the first frame that has not ended
    bool frame_is_open_ = false;
    core::Stopwatch since_frame_;
    core::Index unflushed_ = 0; // frames since the last commit
    core::Index published_;
    WriterFigures figures_;

    std::thread thread_; // last: starts when all else is there
};

} // namespace morphogen::run
