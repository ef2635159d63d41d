#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/kernel/copy_out.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/process_grid.hpp"
#include "morphogen/simulation/initial_state.hpp"
#include "morphogen/simulation/tiling_policy.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace morphogen::simulation {

using core::Extents;
using core::Field;
using core::Index;

/// Called with the number of steps done; what it throws counts as the sweep's.
using SweepProbe = std::function<void(Index step)>;

struct Options {
    int threads = 1;                      // of this rank's team
    kernel::Isa isa = kernel::best_isa(); // ranks must agree
    InitialFileReader* reader = nullptr;  // needed if the configuration has [[initial.file]]
    TilingPolicy tiling = {}; // rank 0's counts; its depth is the steps per halo exchange
    SweepProbe probe = {};    // tests: called before each sweep; may be empty
};

/// One rank's share of the simulation. Main thread only; calls marked collective are made by every
/// rank in the same order.
class Simulation {
public:
    /// Allocates the state (first touched by the team's threads, an equal part each) and fills the
    /// initial state. Collective.
    /// @throws core::UsageError on every rank if the grid cannot be cut among the ranks or their
    /// instruction sets differ; core::Error on every rank if memory or an initial file fails on
    /// one.
    Simulation(const config::Config& config, const mpi::Communicator& comm, const Options& options);
    Simulation(Simulation&&) noexcept;
    Simulation& operator=(Simulation&&) noexcept;
    ~Simulation();

    const mpi::ProcessGrid& grid() const noexcept;
    const Extents& global() const noexcept;  // {nz, ny, nx} cells
    const core::Box& block() const noexcept; // of this rank, in cells of the grid
    core::Precision precision() const noexcept;
    std::size_t field_bytes() const noexcept; // of one field of the block, dense

    /// Steps done since the initial state.
    Index step() const noexcept;
    /// Steps per halo exchange: the same on every rank.
    Index depth() const noexcept;

    /// Takes @p steps >= 0 steps. Collective. The bits do not depend on how steps are grouped into
    /// calls.
    /// @throws the first error of the computing threads, once every halo that other ranks wait for
    /// is exchanged, so that the ranks can still agree on it: the state is of no use then, and
    /// mpi::Failure at once.
    void advance(Index steps);

    /// Copies one field of the block, without halo, into @p out: field_bytes() long, dense
    /// [nz][ny][nx], in the grid's precision. Parallel; minimum, maximum, sum and the first cell
    /// that is not finite come from the same pass.
    kernel::FieldSummary copy_out(Field field, std::span<std::byte> out) const;

    /// Replaces the state by dense blocks as copy_out gives them, and the step counter.
    void restore(Index step, std::span<const std::byte> u, std::span<const std::byte> v);

    /// Seconds since construction that advance() spent computing, and packing, waiting for and
    /// unpacking halos.
    double compute_seconds() const noexcept;
    double halo_seconds() const noexcept;

    class Engine; // implementation, by precision

private:
    std::unique_ptr<Engine> engine_;
};

} // namespace morphogen::simulation
