#include "simulation/choose_tiling.hpp"

#include "morphogen/kernel/tuning.hpp"
#include "morphogen/mpi/agreement.hpp"

#include "simulation/geometry.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>

namespace morphogen::simulation {
namespace {

using core::Extents;
using core::Index;
using kernel::Tiling;

constexpr double tuning_seconds = 0.5; // and about as long to be sure of the result

/// A tile this large fits no second cache: the file that says so is damaged.
constexpr std::size_t most_tile_bytes = std::size_t{64} << 20U;

/// Cells that a thread must still update for a measurement of some seconds' length to pay: about
/// ten times as long.
constexpr double worth_tuning = 1e10;

/// With @p depth at most, @p steps are taken by so many sweeps of about equal length.
Index sweeps_for(Index steps, Index depth) {
    return (steps + depth - 1) / depth;
}

double updates_per_thread(const config::Config& config, const Extents& block, int threads) {
    return static_cast<double>(config.time.frames) *
           static_cast<double>(config.time.steps_per_frame) *
           static_cast<double>(core::volume(block)) / threads;
}

/// Makes every rank's @p tiling that of rank 0, and says whether rank 0 had one.
bool share(const mpi::Communicator& comm, std::optional<Tiling>& tiling) {
    const Tiling t = tiling.value_or(Tiling{});
    std::array<Index, 6> n{tiling ? 1 : 0, t.depth,  t.columns,
                           t.rows,         t.planes, static_cast<Index>(t.stores)};
    comm.broadcast(std::as_writable_bytes(std::span(n)));
    if (n[0] != 0) tiling = Tiling{n[1], n[2], n[3], n[4], static_cast<kernel::Stores>(n[5])};
    return n[0] != 0;
}

template <typename T>
Tiling tuned(const config::Config& config, const mpi::Communicator& comm, const Extents& block,
             const Options& options, int dims) {
    const kernel::TilingCache cache(options.tiling.cache);
    const kernel::Stencil stencil = config.physics.stencil;
    const Tiling planned = planned_tiling<T>(config, block, options.isa, options.threads);
    const std::string key = kernel::tiling_key<T>(stencil, block, options.isa, options.threads,
                                                  comm.size(), planned.depth);
    std::optional<Tiling> tiling;
    if (comm.rank() == 0) {
        tiling = cache.find(key);
        if (tiling && kernel::tile_bytes<T>(dims, *tiling) > most_tile_bytes) tiling.reset();
        if (!tiling && updates_per_thread(config, block, options.threads) < worth_tuning)
            tiling = planned;
    }
    if (share(comm, tiling)) return *tiling;
    mpi::run_collectively(comm, [&] {
        tiling = kernel::measure_tiling<T>(config.physics, block, options.isa, options.threads,
                                           tuning_seconds, planned.depth);
    });
    if (comm.rank() == 0) cache.store(key, *tiling);
    share(comm, tiling);
    return *tiling;
}

template <typename T>
Tiling choose(const config::Config& config, const mpi::Communicator& comm,
              const mpi::ProcessGrid& grid, const Options& options) {
    // The first parts of an even split are the largest.
    const Extents block = grid.block(0).shape();
    // The two ways hold different numbers of collectives.
    bool tune = options.tiling.tune;
    comm.broadcast(std::as_writable_bytes(std::span(&tune, 1)));
    if (tune) return tuned<T>(config, comm, block, options, grid.dims());
    std::optional<Tiling> tiling =
        planned_tiling<T>(config, block, options.isa, options.threads, options.tiling.fixed);
    share(comm, tiling);
    return *tiling;
}

} // namespace

template <typename T>
Tiling planned_tiling(const config::Config& config, const Extents& shape, kernel::Isa isa,
                      int threads, Tiling wanted) {
    const int dims = config.grid.dims;
    const Tiling t = kernel::choose_tiling<T>(dims, shape, isa, threads, wanted);
    // In 3-D the second cache is too small for deeper tiles.
    if (wanted.depth > 0 || dims == 3) return t;
    const Index steps = config.time.steps_per_frame;
    const Index sweeps = sweeps_for(steps, t.depth * 5 / 4);
    // Of many sweeps none is much shorter than the depth.
    if (steps > 4 * t.depth || sweeps == sweeps_for(steps, t.depth)) return t;
    wanted.depth = (steps + sweeps - 1) / sweeps;
    return kernel::choose_tiling<T>(dims, shape, isa, threads, wanted);
}

template Tiling planned_tiling<float>(const config::Config&, const Extents&, kernel::Isa, int,
                                      Tiling);
template Tiling planned_tiling<double>(const config::Config&, const Extents&, kernel::Isa, int,
                                       Tiling);

Tiling agree_on_tiling(const config::Config& config, const mpi::Communicator& comm,
                       const mpi::ProcessGrid& grid, const Options& options) {
    Tiling tiling = config.grid.precision == core::Precision::f32
                        ? choose<float>(config, comm, grid, options)
                        : choose<double>(config, comm, grid, options);
    const bool periodic = config.physics.boundary == kernel::Boundary::periodic;
    tiling.depth = std::min(tiling.depth, grid.thinnest(periodic));
    return tiling;
}

} // namespace morphogen::simulation
