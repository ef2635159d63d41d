// Two threads, a bounded ring between them, and buffers that come back through a second ring: the
// shape of morphogen's own output, with nothing of it but morphogen::parallel.
#include "morphogen/parallel/recycler.hpp"
#include "morphogen/parallel/spsc_ring.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <thread>
#include <vector>

namespace {

using Buffer = std::vector<double>;

constexpr std::size_t waiting = 2; // buffers that may lie in the ring: the bound on memory
constexpr int frames = 1000;
constexpr std::size_t values = 4096; // per frame

double consume(morphogen::parallel::SpscRing<Buffer>& ring,
               morphogen::parallel::Recycler<Buffer>& pool) {
    double sum = 0;
    while (auto frame =
               ring.pop()) { // sleeps while the ring is empty; ends once it is closed and drained
        sum = std::accumulate(frame->begin(), frame->end(), sum);
        pool.give_back(std::move(*frame)); // never waits
    }
    return sum;
}

} // namespace

int main() {
    morphogen::parallel::SpscRing<Buffer> ring(waiting);
    // One more is being filled, one more is being read.
    morphogen::parallel::Recycler<Buffer> pool(waiting + 2, [] { return Buffer(values); });

    double sum = 0;
    std::thread consumer([&] {
        try {
            sum = consume(ring, pool);
        } catch (...) {
            // The producer's next push or acquire throws this very error: neither side can hang.
            ring.fail(std::current_exception());
            pool.fail(std::current_exception());
        }
    });

    int status = EXIT_SUCCESS;
    try {
        for (int i = 0; i < frames; ++i) {
            Buffer frame = pool.acquire();
            frame.assign(values, 1.0);
            ring.push(std::move(frame)); // sleeps while the ring is full: back-pressure
        }
        ring.close();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bounded_stream: %s\n", error.what());
        status = EXIT_FAILURE;
        ring.close();
    }
    consumer.join();

    const auto seen = ring.statistics();
    std::printf("%d frames, sum %.0f, %zu buffers made, ring held %zu at most\n", frames, sum,
                pool.allocated(), seen.max_occupancy);
    return sum == frames * static_cast<double>(values) ? status : EXIT_FAILURE;
}
