#pragma once

#include "morphogen/parallel/error_collector.hpp"
#include "morphogen/parallel/function_ref.hpp"

#include <memory>

namespace morphogen::parallel {

class SlotExchange;

/// A fixed number of threads, the calling one among them, run by OpenMP. Owned and called by ONE
/// host thread; several host threads may each have their own, at the same time (OpenMP keeps a pool
/// of threads per host thread).
///
/// Between calls the team's threads wait as OMP_WAIT_POLICY says. libgomp 12 by default lets each
/// spin for about 10 ms of CPU after a region, but only 0.05 ms once the process has more OpenMP
/// threads, over all teams, than cores; so does `passive`. (Measured on two cores.) So a team that
/// shares its cores with other threads should either make the process's teams exceed the cores, or
/// be run with the policy `passive`, which the runtime reads when it is loaded.
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

    /// Memory that produce_consume() keeps from call to call.
    SlotExchange& slots() noexcept { return *slots_; }

private:
    int threads_;
    ErrorCollector errors_;
    std::unique_ptr<SlotExchange> slots_;
};

} // namespace morphogen::parallel
