#pragma once

#include "morphogen/bench/bench.hpp"
#include "morphogen/mpi/communicator.hpp"

#include "bench/report.hpp"

#include <filesystem>

namespace morphogen::bench {

/// What every measurement gets: the options with nothing left to choose.
struct Context {
    int threads = 1;                 // of each rank
    std::filesystem::path directory; // for scratch files
    double seconds = 0.5;            // per number
    const mpi::Communicator& ranks;  // one, but for those that measure several together

    bool brief() const noexcept { return seconds < brief_below; }
};

// One file each.
Report measure_limits(const Context& context);
Report measure_kernel(const Context& context);
Report measure_halo(const Context& context);
Report measure_copy(const Context& context);
Report measure_ring(const Context& context);
Report measure_join(const Context& context);
Report measure_codec(const Context& context);
Report measure_decode(const Context& context);
Report measure_store(const Context& context);
Report measure_overlap(const Context& context);
Report measure_rechunk(const Context& context);
Report measure_run(const Context& context);

} // namespace morphogen::bench
