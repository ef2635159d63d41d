#pragma once

#include "morphogen/core/error.hpp"
#include "morphogen/parallel/spsc_ring.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace morphogen::parallel {

/// A pool of at most `limit` buffers between ONE thread that acquires them (and sends them on,
/// filled) and ONE thread that gives them back through a second ring. After the first `limit`
/// acquisitions nothing is made.
///
/// Invariant: made <= limit, and a buffer is in exactly one of {acquirer, on its way, giver, this
/// pool}; so the pool's ring, of `limit` slots, never is full and give_back() never waits.
template <typename T>
class Recycler {
public:
    /// @param make makes a new buffer, on the acquiring thread; may throw.
    Recycler(std::size_t limit, std::function<T()> make) : ring_(limit), make_(std::move(make)) {}

    // ---- acquiring thread ----

    /// A buffer that came back, or a new one while fewer than the limit exist, else waits until one
    /// comes back.
    /// @throws the error that the giving side failed with, without waiting and even if buffers are
    /// left; Error if that side ended and none is left; whatever `make` throws.
    T acquire() {
        ring_.producer_end().rethrow_if_failed();
        if (auto buffer = ring_.try_pop()) return std::move(*buffer);
        if (allocated() < ring_.capacity()) {
            T buffer = make_();
            // relaxed: only this thread writes it.
            allocated_.store(allocated() + 1, std::memory_order_relaxed);
            return buffer;
        }
        if (auto buffer = ring_.pop()) return std::move(*buffer);
        throw core::Error(core::ErrorText{.what = "no buffer to fill",
                                          .why = "the side that empties them has ended"});
    }

    /// The acquirer wants no more: what comes back from now on is dropped.
    void close() noexcept { ring_.close_consumer(); }

    // ---- giving thread ----

    /// Never waits and never throws. If the acquirer has closed, the buffer is dropped (destroyed);
    /// that is no error.
    void give_back(T&& buffer) noexcept {
        T mine = std::move(buffer);
        if (ring_.producer_end().closed()) return;
        [[maybe_unused]] const bool kept = ring_.try_push(mine);
        MORPHOGEN_EXPECT(kept || ring_.consumer_end().closed());
    }

    /// The giver ended; with an error, the acquirer's next (or waiting) acquire() throws it.
    void end(std::exception_ptr error = nullptr) noexcept { ring_.close(std::move(error)); }
    /// The same as end(error): named as the ring's.
    void fail(std::exception_ptr error) noexcept { end(std::move(error)); }

    // ---- any thread ----

    /// How many buffers were made so far.
    std::size_t allocated() const noexcept {
        return allocated_.load(std::memory_order_relaxed);
    } // a number to show
    std::size_t limit() const noexcept { return ring_.capacity(); }
    /// Seconds that acquire() waited.
    double wait_seconds() const noexcept { return ring_.statistics().consumer_wait_seconds; }

private:
    SpscRing<T> ring_;
    std::function<T()> make_;
    std::atomic<std::size_t> allocated_{0};
};

} // namespace morphogen::parallel
