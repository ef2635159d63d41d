#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/run/writer.hpp"

#include <utility>

// The simulation's side of the writer; the thread's is in writer.cpp.
namespace morphogen::run {

store::Frame Writer::acquire() {
    return recycler_.acquire();
}

void Writer::push(store::Frame&& frame) {
    if (ring_.push(std::move(frame)) == parallel::PushResult::closed)
        throw core::Error("a frame was pushed after the writer had ended");
}

void Writer::publish(core::Index frames) noexcept {
    // release: partner is the acquire load in publish_pending(); the number itself is all that is
    // published.
    if (publish_target_.exchange(frames, std::memory_order_release) == frames) return;
    ring_.wake_consumer();
}

void Writer::submit(WriterJob job) {
    MORPHOGEN_EXPECT(job_done());
    job_ = std::move(job);
    job_pending_.store(true, std::memory_order_release); // partner: job_due(); publishes job_
    ring_.wake_consumer();
    // Who waits for close() sleeps on the other condition; the lock orders this with its look at
    // it.
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
}

void Writer::wait_for_job() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return job_done() || phase_ == Phase::ended; });
    if (error_) std::rethrow_exception(error_);
}

void Writer::check() const {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
}

void Writer::drain() {
    ring_.close();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return phase_ != Phase::writing; });
    if (error_) std::rethrow_exception(error_);
}

void Writer::close(Ending ending) {
    drain();
    {
        const std::lock_guard lock(mutex_);
        ending_ = ending;
    }
    set_phase(Phase::closing);
    thread_.join();
    if (error_) std::rethrow_exception(error_);
}

WriterFigures Writer::figures() const {
    WriterFigures f = figures_;
    const auto ring = ring_.statistics();
    f.queue_capacity = static_cast<core::Index>(ring_.capacity());
    f.queue_max = static_cast<core::Index>(ring.max_occupancy);
    f.queue_mean = ring.mean_occupancy;
    f.stall_s = ring.producer_wait_seconds + recycler_.wait_seconds();
    f.idle_s = ring.consumer_wait_seconds;
    f.busy_s -= f.idle_s;
    f.buffers_allocated = static_cast<core::Index>(recycler_.allocated());
    f.threads = options_.threads;
    f.compress_cpu_s = encoder_ ? encoder_->compress_cpu_seconds() : 0.0;
    f.bytes_stored = sink_->bytes_stored();
    f.sync_s = sink_->sync_seconds();
    f.write_s -= f.sync_s - sync_before_;
    return f;
}

} // namespace morphogen::run
