#include "fork_join.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/parallel/affinity.hpp"

namespace morphogen::parallel {

namespace {

/// Makes this thread a worker; restores what it was, for regions inside others' callbacks.
class Hat {
public:
    Hat(Worker*& current, Worker& worker) noexcept : current_(current), before_(current) {
        current = &worker;
    }
    ~Hat() { current_ = before_; }
    Hat(const Hat&) = delete;
    Hat& operator=(const Hat&) = delete;

private:
    Worker*& current_;
    Worker* before_;
};

} // namespace

ForkJoin::ForkJoin(int threads)
    : size_(core::checked_cast<std::size_t>(threads)), workers_(new Worker[size_]) {
    // About what waking up costs twice over. With more threads than cores a spinning one holds up
    // the very thread that it waits for.
    spin_microseconds_ = threads <= usable_cores() ? 50 : 0;
    for (Worker& worker : workers())
        worker.region_ = this;
}

void ForkJoin::start() noexcept {
    over_.store(false, std::memory_order_relaxed); // relaxed: the region's fork publishes it
    for (Worker& worker : workers()) {
        MORPHOGEN_EXPECT(worker.newest_ == &worker.list_ && worker.offered_ == nullptr);
        worker.poke();
    }
}

void ForkJoin::lead(FunctionRef<void()> root, int granted) {
    struct AtEnd {
        ForkJoin& region;
        ~AtEnd() { region.end(); }
    };
    others_.store(granted - 1, std::memory_order_relaxed); // relaxed: see others()
    Worker& worker = workers_[0];
    worker.begin_root();
    const AtEnd at_end{*this};
    const Hat hat(Worker::current_, worker);
    root();
}

void ForkJoin::help(int thread) noexcept {
    Worker& worker = workers_[core::checked_cast<std::size_t>(thread)];
    const Hat hat(Worker::current_, worker);
    worker.steal_until_over();
}

void ForkJoin::end() noexcept {
    // release: partner is the load in over().
    over_.store(true, std::memory_order_release);
    for (Worker& worker : workers())
        worker.parking_.wake_if_parked();
}

bool ForkJoin::anything_offered() const noexcept {
    for (const Worker& worker : workers())
        if (worker.slot_.load(std::memory_order_relaxed) != nullptr) // relaxed: steal() looks again
            return true;
    return false;
}

void ForkJoin::poke_all() noexcept {
    for (Worker& worker : workers())
        worker.poke();
}

} // namespace morphogen::parallel
