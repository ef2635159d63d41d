#pragma once

#include "morphogen/core/stopwatch.hpp"
#include "morphogen/kernel/stepper.hpp"
#include "morphogen/simulation/simulation.hpp"

#include "simulation/halo_exchange.hpp"
#include "simulation/state.hpp"

#include <exception>
#include <functional>
#include <memory>

namespace morphogen::simulation {

/// What depends on the precision is below EngineOf<T>; the rest is here.
class Simulation::Engine {
public:
    Engine(const config::Config& config, const mpi::Communicator& comm, const Options& options);
    virtual ~Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    virtual void advance(Index steps) = 0;
    virtual kernel::FieldSummary copy_out(Field field, std::span<std::byte> out) const = 0;
    virtual void restore(Index step, std::span<const std::byte> u,
                         std::span<const std::byte> v) = 0;

    mpi::Communicator comm; // a duplicate: halo messages meet no others
    mpi::ProcessGrid grid;
    core::Box block;
    core::Precision precision;
    kernel::Isa isa;
    int threads;
    kernel::Tiling tiling; // the same on every rank
    Index depth;
    Index step = 0;
    double compute_seconds = 0.0;
    double halo_seconds = 0.0;
};

/// The simulation in one precision.
template <typename T>
class EngineOf final : public Simulation::Engine {
public:
    EngineOf(const config::Config& config, const mpi::Communicator& comm, const Options& options);

    void advance(Index steps) override;
    kernel::FieldSummary copy_out(Field field, std::span<std::byte> out) const override;
    void restore(Index at_step, std::span<const std::byte> u,
                 std::span<const std::byte> v) override;

private:
    void take(Index steps);
    void sweep(kernel::Part part, Index steps, const std::function<void()>& progress = {});

    std::unique_ptr<State<T>> state_;
    std::unique_ptr<kernel::Stepper<T>> stepper_;
    std::unique_ptr<HaloExchange<T>> halos_;
    std::function<void()> progress_; // empty if there is nothing to progress
    const SweepProbe probe_;
    std::exception_ptr error_; // of a sweep: thrown when advance() is done exchanging halos
};

} // namespace morphogen::simulation
