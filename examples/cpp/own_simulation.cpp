// Somebody else's simulation (here: heat on a plate), stored by morphogen's writer: bounded memory,
// parallel compression, a commit per frame, a file that opens in h5py, xarray and ParaView. One
// process; with MPI, give every rank its block and a communicator of its own.
#include "morphogen/config/config.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/run/writer.hpp"
#include "morphogen/store/layout.hpp"
#include "morphogen/store/run_directory.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <vector>

namespace {

using namespace morphogen;

constexpr core::Index rows = 200;
constexpr core::Index columns = 300;
constexpr core::Index frames = 20;
constexpr core::Index steps_per_frame = 50;

/// Temperature, dimensionless: [rows][columns], row-major, a hot spot in the middle.
std::vector<float> initial_plate() {
    std::vector<float> t(rows * columns, 0.0F);
    for (core::Index y = rows / 2 - 10; y < rows / 2 + 10; ++y)
        for (core::Index x = columns / 2 - 10; x < columns / 2 + 10; ++x)
            t[y * columns + x] = 1.0F;
    return t;
}

void step(const std::vector<float>& from, std::vector<float>& to) {
    for (core::Index y = 1; y < rows - 1; ++y)
        for (core::Index x = 1; x < columns - 1; ++x) {
            const core::Index i = y * columns + x;
            to[i] = from[i] + 0.2F * (from[i - 1] + from[i + 1] + from[i - columns] +
                                      from[i + columns] - 4 * from[i]);
        }
}

store::FieldStatistics statistics(const std::vector<float>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return {.min = *low, .max = *high, .mean = sum / static_cast<double>(values.size())};
}

core::Index simulate_and_store(const std::filesystem::path& folder) {
    // What the file looks like: one field, compressed, chunks chosen by the library.
    config::Config config;
    config.grid.shape = {1, rows, columns};
    config.output.directory = folder.string();
    config.output.fields = {core::Field::v};
    config.time.frames = frames;
    const core::Box block{{0, 0, 0}, {1, rows, columns}}; // this process holds it all
    const store::FrameLayout layout = store::make_layout(config, block);

    const store::RunDirectory directory{folder};
    std::filesystem::create_directories(folder);
    store::Provenance provenance;
    provenance.host = "example";
    run::WriterOptions options;
    options.queue_frames = config.output.queue_frames;
    options.threads = 2;
    // From here to close() only the writer's thread may call HDF5.
    run::Writer writer(store::open_sink(config, directory, layout, provenance, mpi::Communicator()),
                       layout, options);

    std::vector<float> now = initial_plate();
    std::vector<float> next = now;
    for (core::Index number = 0; number < frames; ++number) {
        for (core::Index s = 0; s < steps_per_frame; ++s) {
            step(now, next);
            std::swap(now, next);
        }
        store::Frame frame = writer.acquire(); // throws the writer's error, if it has one
        frame.record.number = number;
        frame.record.step = (number + 1) * steps_per_frame;
        frame.record.time = static_cast<double>(frame.record.step);
        frame.record.statistics[static_cast<std::size_t>(core::Field::v)] = statistics(now);
        std::memcpy(frame.cells.data(), now.data(), layout.field_bytes());
        writer.push(std::move(frame)); // waits while the queue is full
    }
    writer.close(); // everything is stored, or this throws
    return writer.committed();
}

} // namespace

int main(int argc, char** argv) {
    try {
        const std::filesystem::path folder = argc > 1 ? argv[1] : "out-example";
        const core::Index stored = simulate_and_store(folder);
        std::printf("%lld frames in %s\n", static_cast<long long>(stored),
                    (folder / "frames.h5").c_str());
        return stored == frames ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "own_simulation: %s\n", error.what());
        return 1;
    }
}
