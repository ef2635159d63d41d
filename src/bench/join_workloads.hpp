#pragma once

#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/join.hpp"
#include "morphogen/parallel/team.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

// oneTBB is for comparison alone; the program does not need it. The build says whether it is there.
#if defined(MORPHOGEN_BENCH_TBB)
#    include <oneapi/tbb/global_control.h>
#    include <oneapi/tbb/parallel_invoke.h>
#    include <oneapi/tbb/task_arena.h>
#endif

/// The same programs over several ways to run two things at the same time. A way has
///   session(threads, body): body(), with that many threads at hand
///   root(f): f(), from inside a session
///   fork(a, b): both, any of them on another thread
namespace morphogen::bench {

struct Sequential {
    template <typename A, typename B>
    static void fork(A&& a, B&& b) {
        a();
        b();
    }
};

struct OurJoin {
    parallel::Team team;

    explicit OurJoin(int threads) : team(threads) {}
    void session(parallel::FunctionRef<void()> body) { team.fork_join(body); }
    template <typename F>
    void root(F&& f) {
        team.fork_join(f);
    }
    template <typename A, typename B>
    static void fork(A&& a, B&& b) {
        parallel::join(a, b);
    }
};

/// One half as a task, the other here, then taskwait.
struct OpenMpTasks {
    int threads;

    void session(parallel::FunctionRef<void()> body) const {
#pragma omp parallel num_threads(threads)
#pragma omp single
        body();
    }
    template <typename F>
    static void root(F&& f) {
        f();
    }
    template <typename A, typename B>
    static void fork(A&& a, B&& b) {
#pragma omp task default(shared)
        b();
        a();
#pragma omp taskwait
    }
};

#if defined(MORPHOGEN_BENCH_TBB)
struct OneTbb {
    int threads;

    void session(parallel::FunctionRef<void()> body) const {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                        static_cast<std::size_t>(threads));
        tbb::task_arena arena(threads);
        arena.execute([&] { body(); });
    }
    template <typename F>
    static void root(F&& f) {
        f();
    }
    template <typename A, typename B>
    static void fork(A&& a, B&& b) {
        tbb::parallel_invoke(a, b);
    }
};
#endif

/// Hoare's partition around the middle element; no insertion sort at the end, as in Rayon's
/// article. Forks above @p cutoff elements.
template <typename Way, std::size_t cutoff>
void quicksort(std::span<std::int32_t> all) {
    if (all.size() <= 1) return;
    const std::int32_t pivot = all[all.size() / 2];
    std::int32_t* low = all.data();
    std::int32_t* high = all.data() + all.size() - 1;
    while (low <= high) {
        while (*low < pivot)
            ++low;
        while (*high > pivot)
            --high;
        if (low <= high) std::swap(*low++, *high--);
    }
    const std::span left(all.data(), high + 1);
    const std::span right(low, all.data() + all.size());
    if (all.size() <= cutoff) {
        quicksort<Sequential, cutoff>(left);
        quicksort<Sequential, cutoff>(right);
    } else {
        Way::fork([=] { quicksort<Way, cutoff>(left); }, [=] { quicksort<Way, cutoff>(right); });
    }
}

/// 2^depth - 1 joins of nothing.
template <typename Way>
void empty_tree(int depth) {
    if (depth == 0) return;
    Way::fork([=] { empty_tree<Way>(depth - 1); }, [=] { empty_tree<Way>(depth - 1); });
}

} // namespace morphogen::bench
