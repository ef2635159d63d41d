#pragma once

#include "morphogen/parallel/error_collector.hpp"
#include "morphogen/parallel/function_ref.hpp"

namespace morphogen::parallel {

/// A fixed number of threads, the calling one among them, run by OpenMP. Owned and called by ONE
/// host thread; several host threads may each have their own, at the same time (OpenMP keeps a pool
/// of threads per host thread).
class Team {
public:
    /// @param threads at least 1.
    explicit Team(int threads);
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const noexcept { return threads_; }

    /// Calls @p f(thread) once for every thread 0 .. size()-1, thread 0 on the calling thread, all
    /// at the same time unless the runtime grants fewer threads (OMP_THREAD_LIMIT, OMP_DYNAMIC, a
    /// call from inside another region): then the rest runs afterwards on those it granted. So f
    /// must not wait for another thread's f to START.
    /// @throws the first exception of any f, after all have returned.
    void run(FunctionRef<void(int)> f);

private:
    int threads_;
    ErrorCollector errors_;
};

} // namespace morphogen::parallel
