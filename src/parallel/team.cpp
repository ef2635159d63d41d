#include "morphogen/parallel/team.hpp"

#include "morphogen/core/contract.hpp"

#include <omp.h>

namespace morphogen::parallel {

Team::Team(int threads) : threads_(threads) {
    MORPHOGEN_EXPECT(threads >= 1);
}

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

} // namespace morphogen::parallel
