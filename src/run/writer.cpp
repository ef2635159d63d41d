#include "morphogen/run/writer.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/large_pages.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/store/library.hpp"

#include <algorithm>
#include <utility>

// The writer thread; what the simulation calls is in writer_calls.cpp.
namespace morphogen::run {
namespace {

/// Adds the wall and CPU time of a scope on this thread to two sums.
class Meter {
public:
    Meter(double& wall, double& cpu)
        : wall_(wall), cpu_(cpu), cpu_start_(core::thread_cpu_seconds()) {}
    ~Meter() {
        wall_ += watch_.seconds();
        cpu_ += core::thread_cpu_seconds() - cpu_start_;
    }
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;

private:
    double& wall_;
    double& cpu_;
    core::Stopwatch watch_;
    double cpu_start_;
};

} // namespace

Writer::Writer(std::unique_ptr<store::FrameSink> sink, const store::FrameLayout& layout,
               WriterOptions options)
    // One more than the queue: what the simulation fills and what the writer empties.
    : recycler_(static_cast<std::size_t>(options.queue_frames) + 2,
                [bytes = layout.frame_bytes()] {
                    return store::Frame{{}, core::large_buffer<std::byte>(bytes)};
                }),
      ring_(static_cast<std::size_t>(options.queue_frames)), flushed_(sink->flushed()),
      committed_(sink->committed()), publish_target_(sink->committed()), sink_(std::move(sink)),
      layout_(layout), options_(std::move(options)), sync_before_(sink_->sync_seconds()),
      next_number_(options_.first_frame), published_(sink_->committed()),
      thread_([this] { thread_main(); }) {}

Writer::~Writer() {
    ring_.close(std::make_exception_ptr(core::Error("the simulation ended early")));
    set_phase(Phase::closing);
    if (thread_.joinable()) thread_.join();
}

void Writer::set_phase(Phase phase) noexcept {
    {
        const std::lock_guard lock(mutex_);
        phase_ = std::max(
            phase_,
            phase); // never backwards: `closing` may be asked for before `drained` is reached
    }
    changed_.notify_all();
}

void Writer::enter(WriterStage stage, core::Index frame) const {
    if (options_.probe) options_.probe(stage, frame);
}

template <typename F>
void Writer::metered(WriterStage stage, F&& call) {
    enter(stage, frame_.record.number);
    const Meter meter(figures_.write_s, figures_.write_cpu_s);
    call();
}

void Writer::thread_main() noexcept {
    parallel::name_this_thread("mg-writer");
    parallel::restore_process_affinity_on_this_thread();
    try {
        use_sink();
        committed_.store(sink_->committed(), std::memory_order_release); // partner: committed()
        set_phase(Phase::ended);
    } catch (...) {
        fail(std::current_exception());
    }
}

/// All of it but what follows a failure. The library is as it was before anybody hears of the end.
void Writer::use_sink() {
    const store::QuietLibrary quiet;
    write_all();
    set_phase(Phase::drained);
    wait_for_close();
    metered(WriterStage::close, [&] {
        if (ending_ == Ending::whole)
            sink_->close();
        else
            sink_->abandon();
    });
}

void Writer::fail(const std::exception_ptr& error) noexcept {
    if (options_.on_failure) options_.on_failure(error);
    sink_->abandon();
    committed_.store(sink_->committed(), std::memory_order_release); // partner: committed()
    recycler_.fail(error); // first: who hears of it from push() will hear of it from acquire() too
    ring_.fail(error);
    {
        const std::lock_guard lock(mutex_);
        error_ = error;
    }
    set_phase(Phase::ended);
}

void Writer::write_all() {
    double cpu = 0.0;
    const Meter meter(figures_.busy_s, cpu); // figures() takes the idle time off
    compare_stored_frames();
    if (sink_->takes_chunks())
        write_chunks();
    else
        write_frames();
    if (unflushed_ > 0) commit();
    run_due_job();
}

/// Frames that the files hold already, computed again: a difference is an error.
void Writer::compare_stored_frames() {
    const core::Index stored = sink_->flushed();
    while (next_number_ < stored && wait_for_frame()) {
        frame_ = *ring_.try_pop();
        if (options_.compares) {
            round_cells(frame_.cells.span(), layout_.precision, options_.rounding);
            metered(WriterStage::compare, [&] { sink_->check_stored(frame_); });
        }
        recycler_.give_back(std::move(frame_));
        ++next_number_;
        run_due_job();
    }
}

/// Publishes what is due meanwhile. @returns false at the end.
bool Writer::wait_for_frame() {
    for (;;) {
        const auto outcome = ring_.wait([this] { return publish_due() || job_due(); });
        if (outcome != parallel::WaitOutcome::woken) return outcome == parallel::WaitOutcome::item;
        if (publish_due()) publish_pending();
        run_due_job();
    }
}

void Writer::begin_frame() {
    run_due_job(); // its frames end before this one
    since_frame_.restart();
    frame_is_open_ = true;
    frame_ = *ring_.try_pop();
    metered(WriterStage::begin_frame, [&] { sink_->begin_frame(frame_.record); });
}

void Writer::end_frame() {
    metered(WriterStage::end_frame, [&] { sink_->end_frame(); });
    figures_.bytes_raw += frame_.cells.size();
    recycler_.give_back(std::move(frame_));
    frame_is_open_ = false;
    ++next_number_;
    if (++unflushed_ >= options_.flush_every) commit();
    const double before = seconds_per_frame_.load(std::memory_order_relaxed); // only we store it
    const double now = since_frame_.seconds();
    seconds_per_frame_.store(before == 0.0 ? now : 0.75 * before + 0.25 * now,
                             std::memory_order_relaxed);
    run_due_job();
}

/// The library compresses, one frame at a time.
void Writer::write_frames() {
    while (wait_for_frame()) {
        begin_frame();
        enter(WriterStage::encode, frame_.record.number);
        round_cells(frame_.cells.span(), layout_.precision, options_.rounding);
        metered(WriterStage::put_chunk, [&] { sink_->put_frame(frame_); });
        end_frame();
    }
}

/// Our team compresses, ahead of what is being stored: a frame's chunks are encoded from where it
/// lies in the ring, which it leaves with its first chunk.
void Writer::write_chunks() {
    encoder_.emplace(layout_, options_.rounding, options_.threads);
    std::size_t ahead = 0; // frames of the ring that the encoder was given
    const auto next = [&](bool may_wait) -> FrameOffer {
        if (may_wait && !wait_for_frame()) return {FrameOffer::Kind::end};
        if (publish_due()) publish_pending();
        const store::Frame* const frame = ring_.peek(ahead);
        if (frame == nullptr) return {FrameOffer::Kind::later};
        enter(WriterStage::encode, frame->record.number);
        ++ahead;
        return {FrameOffer::Kind::frame, frame};
    };
    const auto put = [&](const EncodedChunk& chunk) {
        if (chunk.first) {
            begin_frame();
            --ahead;
        }
        metered(WriterStage::put_chunk,
                [&] { sink_->put_chunk(chunk.field, chunk.chunk, chunk.stored); });
        if (chunk.last) end_frame();
    };
    encoder_->encode({next, put});
}

void Writer::commit() {
    metered(WriterStage::commit, [&] { sink_->commit(); });
    unflushed_ = 0;
    flushed_.store(sink_->flushed(),
                   std::memory_order_release); // partner: flushed(); the file holds these frames
}

bool Writer::job_due() const noexcept {
    // acquire: partner is the store in submit(), which publishes job_
    return job_pending_.load(std::memory_order_acquire) && !frame_is_open_ &&
           job_.after_frames <= next_number_;
}

void Writer::run_due_job() {
    if (!job_due()) return;
    if (unflushed_ > 0) commit();
    if (publish_due()) publish_pending(); // what the ranks have agreed on comes before the job
    metered(WriterStage::job, [&] {
        if (job_.secures) sink_->secure();
        job_.work(*sink_);
    });
    flushed_.store(sink_->flushed(), std::memory_order_release); // partner: flushed()
    job_ = {};
    {
        const std::lock_guard lock(mutex_); // a waiting thread has looked, or is asleep
        job_pending_.store(false,
                           std::memory_order_release); // partner: job_done(); the job's effects
    }
    changed_.notify_all();
}

bool Writer::publish_due() const noexcept {
    return publish_target_.load(std::memory_order_acquire) > published_; // partner: publish()
}

void Writer::publish_pending() {
    const core::Index target =
        publish_target_.load(std::memory_order_acquire); // partner: publish()
    const Meter meter(figures_.write_s, figures_.write_cpu_s);
    sink_->publish(target);
    published_ = target;
}

void Writer::wait_for_close() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return phase_ == Phase::closing || job_due(); });
        const bool closing = phase_ == Phase::closing;
        lock.unlock();
        run_due_job();
        if (closing) break;
    }
    publish_pending();
}

} // namespace morphogen::run
