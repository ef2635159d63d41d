// The control of the ThreadSanitizer runs: `planted_race thread` and `planted_race openmp` must be
// reported, or the clean results of the other tests mean nothing; `clean-thread` and `clean-openmp`
// do the same work with synchronisation and must not be, or the tool is blind to that kind of it.
// `range` is a parallel range whose halves overlap by one element, `clean-range` by none. Built
// with contracts, `range` ends at the first split; so it hides where its halves are.

#include "morphogen/parallel/ranges.hpp"
#include "morphogen/parallel/team.hpp"

#include "overlapping.hpp"

#include <omp.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <thread>
#include <utility>

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

/// The first half's last element is the second's first: both halves add to it.
struct Hidden : morphogen::test::Overlapping {
    using Overlapping::Overlapping;
    Hidden(Overlapping&& base) : Overlapping(std::move(base)) {}
    std::pair<Hidden, Hidden> split_at(Index n) && {
        auto halves = static_cast<Overlapping&&>(*this).split_at(n);
        return {std::move(halves.first), std::move(halves.second)};
    }
    void footprint() const = delete;
};

} // namespace

template <>
inline constexpr bool morphogen::parallel::splits_disjoint<Hidden> = true;

namespace {

void loop_over_a_range(int overlap) {
    namespace parallel = morphogen::parallel;
    std::array<int, 16> cells{};
    parallel::Team team(2);
    team.fork_join([&] {
        for (int round = 0; round < 50; ++round) {
            a_moment_later(); // long enough that work on offer wakes the other thread
            parallel::for_each(
                Hidden(cells.data(), 16, overlap),
                [](int& cell) {
                    ++cell;
                    std::this_thread::sleep_for(std::chrono::microseconds(100));
                },
                parallel::cutoff::None{});
        }
    });
    plain = cells[8];
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "thread") race_of_threads();
    if (what == "clean-thread") hand_over_between_threads();
    if (what == "openmp") race_in_a_region();
    if (what == "clean-openmp") barriers_in_regions();
    if (what == "range") loop_over_a_range(1);
    if (what == "clean-range") loop_over_a_range(0);
    std::printf("%d\n", plain);
    return plain > 0 ? 0 : 1;
}
