#pragma once

#include "morphogen/parallel/error_collector.hpp"
#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/worker.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace morphogen::parallel {

class ForkJoin;

/// A fixed number of threads, the calling one among them, run by OpenMP. Owned and called by ONE
/// host thread; several host threads may each have their own, at the same time (OpenMP keeps a pool
/// of threads per host thread).
class Team {
public:
    /// @param threads at least 1.
    explicit Team(int threads);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const noexcept { return threads_; }

    /// Calls @p f(thread) once for every thread 0 .. size()-1, thread 0 on the calling thread, all
    /// at the same time unless the runtime grants fewer threads (OMP_THREAD_LIMIT, OMP_DYNAMIC, a
    /// call from inside another region): then the rest runs afterwards on those it granted. So f
    /// must not wait for another thread's f to START.
    /// @throws the first exception of any f, after all have returned.
    void run(FunctionRef<void(int)> f);

    /// Calls @p root on the calling thread; each join() in it, at any depth, may use the other
    /// threads, which steal until root has returned. @returns what root returns: a value (may be
    /// move-only) or void.
    ///
    /// Opening a region costs some microseconds, more when the runtime's threads are asleep, so put
    /// a whole phase in it, not one small call. Within, threads that find nothing spin for about 50
    /// microseconds and then sleep, and are woken only when a root has had work for them about as
    /// long: small roots in a row cost next to nothing. What is called through fork_join() or a
    /// parallel range inside the region is such a root of its own.
    ///
    /// Called inside a fork-join region of whatever team, root joins that one: no second set of
    /// threads, nested or not. In an ordinary region of OpenMP it gets the threads that OpenMP
    /// grants there (one, unless nested parallelism is on).
    /// @throws what root throws, after every thread has left.
    template <typename F>
    std::invoke_result_t<F> fork_join(F&& root) {
        using Result = std::invoke_result_t<F>;
        static_assert(!std::is_reference_v<Result>, "return a pointer or a value");
        if (Worker* const worker = Worker::current()) {
            worker->begin_root();
            return std::invoke(std::forward<F>(root));
        }
        if constexpr (std::is_void_v<Result>) {
            run_root([&] { std::invoke(std::forward<F>(root)); });
        } else {
            std::optional<Result> result;
            run_root([&] { result.emplace(std::invoke(std::forward<F>(root))); });
            return std::move(*result);
        }
    }

private:
    void run_root(FunctionRef<void()> root);

    int threads_;
    ErrorCollector errors_;
    std::unique_ptr<ForkJoin> fork_join_;
};

} // namespace morphogen::parallel
