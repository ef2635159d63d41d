#pragma once

#include <atomic>
#include <exception>
#include <utility>

namespace morphogen::parallel {

/// Keeps the first exception of a group of threads; later ones are dropped. No exception may leave
/// an OpenMP region or a thread: each thread works inside run(), stops when failed(), and the one
/// that joined them rethrows.
class ErrorCollector {
public:
    /// Inside a catch block, on any thread.
    void capture() noexcept { collect(std::current_exception()); }

    /// Any thread.
    void collect(std::exception_ptr error) noexcept {
        State expected = State::none;
        // relaxed: claims the right to write error_; the join of the threads publishes it, and so
        // does `stored`.
        if (!state_.compare_exchange_strong(expected, State::storing, std::memory_order_relaxed))
            return;
        error_ = std::move(error);
        // release: publishes error_ to the acquire load in rethrow_if_any().
        state_.store(State::stored, std::memory_order_release);
    }

    /// Calls @p f(); what it throws is captured. @returns whether it returned normally.
    template <typename F>
    bool run(F&& f) noexcept {
        try {
            std::forward<F>(f)();
            return true;
        } catch (...) {
            capture();
            return false;
        }
    }

    /// Whether something was captured, so that the others can stop early: one load, any thread.
    bool failed() const noexcept {
        return state_.load(std::memory_order_relaxed) !=
               State::none; // relaxed: a hint; publishes nothing
    }

    /// After the threads were joined: throws what was captured, if anything, and is empty
    /// afterwards.
    void rethrow_if_any() {
        // acquire: partner is the store in collect().
        if (state_.load(std::memory_order_acquire) != State::stored) return;
        std::exception_ptr error = std::exchange(error_, nullptr);
        state_.store(State::none, std::memory_order_relaxed); // relaxed: no other thread is left
        std::rethrow_exception(std::move(error));
    }

private:
    enum class State : int { none, storing, stored };
    std::atomic<State> state_{State::none};
    std::exception_ptr error_;
};

} // namespace morphogen::parallel
