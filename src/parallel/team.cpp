#include "morphogen/parallel/team.hpp"

#include "morphogen/core/contract.hpp"

#include "fork_join.hpp"

#include <omp.h>

namespace morphogen::parallel {

Team::Team(int threads) : threads_(threads), fork_join_(std::make_unique<ForkJoin>(threads)) {
    MORPHOGEN_EXPECT(threads >= 1);
}

Team::~Team() = default;

void Team::run(FunctionRef<void(int)> f) {
    if (threads_ == 1) { // no region: it would only bind this thread and make a pool for it
        f(0);
        return;
    }
#pragma omp parallel num_threads(threads_)
    {
        const int granted = omp_get_num_threads();
        for (int thread = omp_get_thread_num(); thread < threads_; thread += granted)
            errors_.run([&] { f(thread); });
    }
    errors_.rethrow_if_any();
}

void Team::run_root(FunctionRef<void()> root) {
    fork_join_->start();
    if (threads_ == 1) { // no region, as in run()
        fork_join_->lead(root, 1);
        return;
    }
#pragma omp parallel num_threads(threads_)
    {
        const int thread = omp_get_thread_num();
        if (thread == 0)
            errors_.run([&] { fork_join_->lead(root, omp_get_num_threads()); });
        else
            fork_join_->help(thread);
    }
    errors_.rethrow_if_any();
}

} // namespace morphogen::parallel
