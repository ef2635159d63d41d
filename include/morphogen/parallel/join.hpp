#pragma once

#include "morphogen/parallel/worker.hpp"

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

namespace morphogen::parallel {

/// What join() keeps of a half's result: void becomes std::monostate.
template <typename F>
using HalfResult = std::conditional_t<std::is_void_v<std::invoke_result_t<F>>, std::monostate,
                                      std::remove_cv_t<std::invoke_result_t<F>>>;

namespace detail {

template <typename F>
HalfResult<F> call_half(F&& f) {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
        std::invoke(std::forward<F>(f));
        return {};
    } else {
        return std::invoke(std::forward<F>(f));
    }
}

/// The second half with room for what a thief leaves: its result, or its error.
template <typename B>
class HalfJob : public Job {
    using Result = HalfResult<B>;
    using Stored =
        std::conditional_t<std::is_reference_v<Result>, std::add_pointer_t<Result>, Result>;

public:
    explicit HalfJob(std::remove_reference_t<B>& b) noexcept : b_(b) { execute = &call; }
    HalfJob(const HalfJob&) = delete;
    HalfJob& operator=(const HalfJob&) = delete;
    ~HalfJob() {} // state() says what the union holds, and settle() or discard() ends it

    Result call_here() { return call_half(std::forward<B>(b_)); }

    /// After a thief settled it.
    Result settle(State how) {
        if (how == State::failed) rethrow();
        if constexpr (std::is_reference_v<Result>) {
            return *result_;
        } else {
            const Ending end{*this, how};
            return std::move(result_);
        }
    }

    [[noreturn]] void rethrow() {
        std::exception_ptr error = std::move(error_);
        std::destroy_at(&error_);
        std::rethrow_exception(std::move(error));
    }

    void discard(State how) noexcept {
        if (how == State::failed)
            std::destroy_at(&error_);
        else
            std::destroy_at(&result_);
    }

private:
    struct Ending {
        HalfJob& job;
        State how;
        ~Ending() { job.discard(how); }
    };

    static bool call(Job& job) noexcept {
        auto& self = static_cast<HalfJob&>(job);
        try {
            if constexpr (std::is_reference_v<Result>)
                self.result_ = std::addressof(self.call_here());
            else
                ::new (static_cast<void*>(&self.result_)) Stored(self.call_here());
            return true;
        } catch (...) {
            ::new (static_cast<void*>(&self.error_)) std::exception_ptr(std::current_exception());
            return false;
        }
    }

    std::remove_reference_t<B>& b_;
    union {
        Stored result_;
        std::exception_ptr error_;
    };
};

/// Inside the handler of what a threw: afterwards nobody touches @p job. @throws b's error if b had
/// failed before a did.
template <typename B>
void give_up(Worker& worker, HalfJob<B>& job) {
    if (worker.pop(job) || worker.take_back(job)) return; // never begun
    // acquire: partner is the store in Worker::run().
    const bool b_was_first = job.state().load(std::memory_order_acquire) == Job::State::failed;
    worker.cancel(job);
    const Job::State state = worker.wait_for(job);
    if (b_was_first) job.rethrow();
    job.discard(state);
}

template <typename A, typename B>
HalfResult<A> call_first(Worker& worker, A&& a, HalfJob<B>& job) {
    try {
        return call_half(std::forward<A>(a));
    } catch (...) {
        give_up(worker, job);
        throw;
    }
}

template <typename B>
HalfResult<B> finish_second(Worker& worker, HalfJob<B>& job) {
    if (worker.take_back(job)) return job.call_here();
    return job.settle(worker.wait_for(job));
}

} // namespace detail

/// Calls @p a and @p b, which may run at the same time, and returns both results, {a(), b()}: the
/// program says that they are independent, the threads of the region decide.
///
///     auto [left, right] = join([&] { return sum(first); }, [&] { return sum(second); });
///
/// - Inside Team::fork_join() (at any depth, on any of its threads) an idle thread may take @p b;
///   if none does, it is called after a on this thread, for about a nanosecond more than without
///   join(): no allocation, no virtual call, no atomic read-modify-write. Outside, and in an
///   ordinary OpenMP region, both are called here, a first: nothing starts threads behind your
///   back.
/// - A result may be move-only, a reference, or void (std::monostate then). Both callables are used
///   where they are, not copied; an rvalue is called as one.
/// - The first exception is thrown. A b that has not begun is not called then; one that has is
///   cancelled and waited for before anything is thrown, so its captures stay valid. Cancelling
///   means that the next join() in the other half throws Cancelled; code between must not swallow
///   that.
/// - No half may wait for the other, nor for anything that another half of the region does: no
///   channel, latch, condition or future between them, and no lock held across a join(). One thread
///   may run both, one after the other; and a thread that waits in join() runs other jobs
///   meanwhile, so a lock that it holds could be wanted by one of those.
/// - Thread-local variables, and the thread, may differ between the halves.
template <typename A, typename B>
requires std::is_invocable_v<A> && std::is_invocable_v<B>
auto join(A&& a, B&& b) -> std::pair<HalfResult<A>, HalfResult<B>> {
    static_assert(!std::is_rvalue_reference_v<std::invoke_result_t<A>> &&
                      !std::is_rvalue_reference_v<std::invoke_result_t<B>>,
                  "a half that returns an rvalue reference would leave it dangling");
    using Result = std::pair<HalfResult<A>, HalfResult<B>>;
    Worker* const worker = Worker::current();
    if (worker == nullptr) {
        HalfResult<A> first = detail::call_half(std::forward<A>(a));
        return Result(std::forward<HalfResult<A>>(first), detail::call_half(std::forward<B>(b)));
    }
    detail::HalfJob<B> job(b);
    worker->push(job);
    if (worker->due()) [[unlikely]]
        worker->attend(job);
    HalfResult<A> first = detail::call_first(*worker, std::forward<A>(a), job);
    if (worker->pop(job)) [[likely]]
        return Result(std::forward<HalfResult<A>>(first), detail::call_half(std::forward<B>(b)));
    return Result(std::forward<HalfResult<A>>(first), detail::finish_second(*worker, job));
}

} // namespace morphogen::parallel
