#include "bench/frames.hpp"

#include "morphogen/mpi/communicator.hpp"
#include "morphogen/store/run_directory.hpp"

#include <algorithm>
#include <thread>

namespace morphogen::bench {

config::Config make_config(core::Index height, core::Index width, const codec::Codec& codec,
                           config::Sync sync) {
    config::Config config;
    config.grid.shape = {1, height, width};
    config.output.codec = codec;
    config.output.sync = sync;
    return config;
}

std::unique_ptr<store::FrameSink> open_frames_file(const config::Config& config,
                                                   const store::FrameLayout& layout,
                                                   const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    return store::open_sink(config, store::RunDirectory{directory}, layout, store::Provenance{},
                            mpi::Communicator());
}

store::FrameLayout whole_layout(const config::Config& config) {
    return store::make_layout(config, {{0, 0, 0}, config.grid.shape});
}

void SlowSink::put_chunk(std::size_t field, core::Index chunk, std::span<const std::byte> stored) {
    PassingSink::put_chunk(field, chunk, stored);
    const std::chrono::duration<double> cost(seconds_per_byte_ *
                                             static_cast<double>(stored.size()));
    through_ = std::max(through_, Clock::now()) + std::chrono::duration_cast<Clock::duration>(cost);
    std::this_thread::sleep_until(through_);
}

} // namespace morphogen::bench
