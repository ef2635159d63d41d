// What a training loop reads: batches of random crops, and windows of a time series in order, read
// and decoded by the loader's own threads while the loop works on the batch before.
//
//     training_loop [FILE DATASET T,Y,X COUNT MEMORY_MIB]      a file of its own without arguments
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/rework/box_loader.hpp"
#include "morphogen/rework/crops.hpp"
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/store/hdf5_lock.hpp"

#include "sample_file.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace {

namespace core = morphogen::core;
namespace rework = morphogen::rework;
namespace store = morphogen::store;

/// Stands for a step of the training: touches every cache line. @param crops [crop][t][y][x]
double train(std::span<const float> crops) {
    double sum = 0;
    for (std::size_t i = 0; i < crops.size(); i += 16)
        sum += static_cast<double>(crops[i]);
    return sum;
}

/// @p count random crops in batches of 32.
double learn_from_crops(const store::DatasetReader& dataset, const core::Dims& shape,
                        core::Index count, std::uint64_t memory) {
    const std::uint64_t seed = 7; // the same crops each time, on any machine, with any memory
    rework::BoxLoader loader(
        dataset, rework::first_boxes(rework::random_boxes(dataset.shape(), shape, seed), count),
        {.together = 32, .memory = memory});
    double sum = 0;
    for (const rework::LoadedBoxes& batch : loader) // an unreadable chunk throws here, in its turn
        sum += train(batch.values<float>());
    return sum;
}

/// All frames in order, windows of eight that overlap by half.
core::Index learn_from_series(const store::DatasetReader& dataset) {
    rework::BoxLoader loader(dataset, rework::windows(dataset.shape(), 8, 4));
    core::Index windows = 0;
    while (const auto window = loader.next()) {
        train(window->values<float>()); // [8][y][x], frames from window->boxes[0].lo[0] on
        ++windows;
        // As long as a loader lives, whoever else calls HDF5 holds the lock: this library too.
        const store::Hdf5Lock lock;
        if (!dataset.file().is_swmr()) continue;
        std::puts("the run still goes on");
    }
    return windows;
}

bool try_sample() {
    const sample::File file("morphogen-training-loop");
    const auto dataset = rework::open_dataset(file.path(), "v");
    const std::uint64_t mib = std::uint64_t{1} << 20;
    const double crops = learn_from_crops(*dataset, {4, 32, 32}, 500, 16 * mib);
    const bool reproducible = crops == learn_from_crops(*dataset, {4, 32, 32}, 500, 64 * mib);
    const core::Index windows = learn_from_series(*dataset);
    std::printf("500 crops give %.0f, %s; %lld windows\n", crops,
                reproducible ? "with other memory too" : "NOT REPRODUCIBLE",
                static_cast<long long>(windows));
    return reproducible && windows == 9;
}

} // namespace

int main(int count, char** arguments) {
    try {
        if (count != 6) return try_sample() ? EXIT_SUCCESS : EXIT_FAILURE;
        const auto dataset = rework::open_dataset(arguments[1], std::string(arguments[2]));
        const core::Stopwatch watch;
        learn_from_crops(*dataset, rework::parse_lengths(arguments[3]), std::stoll(arguments[4]),
                         std::stoull(arguments[5]) << 20);
        std::printf("%.3f\n", watch.seconds());
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "training_loop: %s\n", error.what());
    }
    return EXIT_FAILURE;
}
