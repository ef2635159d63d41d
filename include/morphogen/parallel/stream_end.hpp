#pragma once

#include <atomic>
#include <exception>
#include <utility>

namespace morphogen::parallel {

/// One side's "I am done", with the error that ended it, if any. Any thread may call anything; the
/// first close() counts.
class StreamEnd {
public:
    /// @returns whether this call closed it (false: it was closed before, and @p error is dropped).
    bool close(std::exception_ptr error) noexcept {
        State expected = State::open;
        // relaxed: claims the right to write error_; nothing is published yet.
        if (!state_.compare_exchange_strong(expected, State::closing, std::memory_order_relaxed))
            return false;
        error_ = std::move(error);
        // release: publishes error_, and all that the closing thread did, to the load in closed().
        state_.store(State::closed, std::memory_order_release);
        return true;
    }

    /// acquire: partner is the store in close(). If true, everything that side did before closing
    /// is visible.
    bool closed() const noexcept { return state_.load(std::memory_order_acquire) == State::closed; }

    /// The error it was closed with; null while open or if it ended well.
    std::exception_ptr error() const noexcept { return closed() ? error_ : nullptr; }

    /// @throws that error, if there is one.
    void rethrow_if_failed() const {
        if (const std::exception_ptr e = error()) std::rethrow_exception(e);
    }

private:
    enum class State : int { open, closing, closed };
    std::atomic<State> state_{State::open};
    std::exception_ptr error_; // written once, between closing and closed
};

} // namespace morphogen::parallel
