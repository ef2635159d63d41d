// The control of the ThreadSanitizer runs: `planted_race thread` and `planted_race openmp` must be
// reported, or the clean results of the other tests mean nothing; `clean-thread` and `clean-openmp`
// do the same work with synchronisation and must not be, or the tool is blind to that kind of it.

#include <omp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>

namespace {

int plain = 0; // what the threads race for
std::atomic<bool> ready{false};

// Two accesses in the very same nanosecond can escape the tool; time passing between them orders
// nothing.
void a_moment_later() {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void race_of_threads() {
    std::thread other([] {
        a_moment_later();
        ++plain;
    });
    ++plain;
    other.join();
}

void hand_over_between_threads() {
    std::thread other([] {
        ++plain;
        ready.store(true, std::memory_order_release); // publishes plain to the acquire below
    });
    while (!ready.load(std::memory_order_acquire))
        std::this_thread::yield();
    ++plain;
    other.join();
}

void race_in_a_region() {
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() != 0) a_moment_later();
        ++plain;
    }
}

void barriers_in_regions() {
    for (int round = 0; round < 10; ++round) {
#pragma omp parallel num_threads(2)
        {
#pragma omp critical
            ++plain;
#pragma omp barrier
#pragma omp single
            ++plain;
        }
        ++plain;
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "thread") race_of_threads();
    if (what == "clean-thread") hand_over_between_threads();
    if (what == "openmp") race_in_a_region();
    if (what == "clean-openmp") barriers_in_regions();
    std::printf("%d\n", plain);
    return plain > 0 ? 0 : 1;
}
