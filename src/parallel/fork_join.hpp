#pragma once

#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/worker.hpp"

#include <atomic>
#include <memory>
#include <span>

namespace morphogen::parallel {

/// A fork-join region's workers, kept by a Team from region to region.
///
/// Nobody depends on a sleeping or late thread: the owner of a job takes it back if it was not
/// stolen, and whoever stole one is awake. So a lost wake-up of a thief would cost speed, never
/// progress; the two that must not be lost (a settled job's owner, the end of the region) go
/// through Parking.
class ForkJoin {
public:
    /// @param threads at least 1.
    explicit ForkJoin(int threads);

    /// Before the threads, on the calling one.
    void start() noexcept;

    /// On thread 0, once: calls @p root as a worker, then ends the region. @p granted threads will
    /// take part.
    void lead(FunctionRef<void()> root, int granted);

    /// On every other thread: steals until the region ends.
    void help(int thread) noexcept;

private:
    friend class Worker;

    std::span<Worker> workers() const noexcept { return {workers_.get(), size_}; }
    bool anything_offered() const noexcept;
    /// Makes all attend at their next join.
    void poke_all() noexcept;
    void end() noexcept;
    /// relaxed: a fixed number from before the first job that a thief could see.
    int others() const noexcept { return others_.load(std::memory_order_relaxed); }
    bool over() const noexcept {
        // acquire: partner is the store in end(); the helpers have seen all that the root did.
        return over_.load(std::memory_order_acquire);
    }

    std::size_t size_;
    std::unique_ptr<Worker[]> workers_;
    int spin_microseconds_;      // of a thread that has nothing to do
    std::atomic<int> others_{0}; // threads but for the leader
    alignas(128) std::atomic<int> sleepers_{0};
    std::atomic<bool> over_{false};
};

} // namespace morphogen::parallel
