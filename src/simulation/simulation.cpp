#include "morphogen/simulation/simulation.hpp"

#include "simulation/engine.hpp"

namespace morphogen::simulation {
namespace {

std::unique_ptr<Simulation::Engine>
make_engine(const config::Config& config, const mpi::Communicator& comm, const Options& options) {
    if (config.grid.precision == core::Precision::f32)
        return std::make_unique<EngineOf<float>>(config, comm, options);
    return std::make_unique<EngineOf<double>>(config, comm, options);
}

} // namespace

Simulation::Simulation(const config::Config& config, const mpi::Communicator& comm,
                       const Options& options)
    : engine_(make_engine(config, comm, options)) {}
Simulation::Simulation(Simulation&&) noexcept = default;
Simulation& Simulation::operator=(Simulation&&) noexcept = default;
Simulation::~Simulation() = default;

const mpi::ProcessGrid& Simulation::grid() const noexcept {
    return engine_->grid;
}
const Extents& Simulation::global() const noexcept {
    return engine_->grid.global();
}
const core::Box& Simulation::block() const noexcept {
    return engine_->block;
}
core::Precision Simulation::precision() const noexcept {
    return engine_->precision;
}
Index Simulation::step() const noexcept {
    return engine_->step;
}
Index Simulation::depth() const noexcept {
    return engine_->depth;
}
double Simulation::compute_seconds() const noexcept {
    return engine_->compute_seconds;
}
double Simulation::halo_seconds() const noexcept {
    return engine_->halo_seconds;
}

std::size_t Simulation::field_bytes() const noexcept {
    return static_cast<std::size_t>(core::volume(block().shape())) * core::bytes_of(precision());
}

void Simulation::advance(Index steps) {
    engine_->advance(steps);
}

kernel::FieldSummary Simulation::copy_out(Field field, std::span<std::byte> out) const {
    return engine_->copy_out(field, out);
}

void Simulation::restore(Index step, std::span<const std::byte> u, std::span<const std::byte> v) {
    engine_->restore(step, u, v);
}

} // namespace morphogen::simulation
