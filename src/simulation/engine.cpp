#include "simulation/engine.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/simulation/memory.hpp"

#include "simulation/choose_tiling.hpp"
#include "simulation/geometry.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

namespace morphogen::simulation {
namespace {

void expect_same_isa(const mpi::Communicator& comm, kernel::Isa isa) {
    if (comm.agree(static_cast<std::int64_t>(isa))) return;
    std::string names;
    for (const std::int64_t other : comm.all_gather(static_cast<std::int64_t>(isa))) {
        const std::string name(kernel::name_of(static_cast<kernel::Isa>(other)));
        if (names.find(name) == std::string::npos) names += (names.empty() ? "" : ", ") + name;
    }
    throw core::UsageError(
        core::ErrorText{.what = "ranks differ in their instruction set",
                        .where = names,
                        .why = "the result would depend on which rank computes which cell",
                        .advice = "set threads.isa to one that all of them have"});
}

/// Copies the dense block @p from into @p to, whose rows are padded.
template <typename T>
void copy_in(const std::byte* from, const core::View3<T>& to, int threads) {
    const Extents n = to.shape;
    const std::size_t row_bytes = static_cast<std::size_t>(n[2]) * sizeof(T);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (Index row = 0; row < n[0] * n[1]; ++row)
        std::memcpy(to.row(row / n[1], row % n[1]),
                    from + static_cast<std::size_t>(row) * row_bytes, row_bytes);
}

} // namespace

Simulation::Engine::Engine(const config::Config& config, const mpi::Communicator& ranks,
                           const Options& options)
    : comm(ranks.duplicate()), grid(make_process_grid(config, comm.size())),
      block(grid.block(comm.rank())), precision(config.grid.precision), isa(options.isa),
      threads(options.threads) {
    MORPHOGEN_EXPECT(threads >= 1);
    expect_same_isa(comm, isa);
    tiling = agree_on_tiling(config, comm, grid, options);
    depth = tiling.depth;
}

template <typename T>
EngineOf<T>::EngineOf(const config::Config& config, const mpi::Communicator& ranks,
                      const Options& options)
    : Engine(config, ranks, options), probe_(options.probe) {
    mpi::run_collectively(comm, [&] {
        const kernel::BlockGeometry geometry = block_geometry(config, grid, comm.rank(), depth);
        state_ = std::make_unique<State<T>>(block.shape(), halo_widths(config, grid, depth));
        stepper_ =
            std::make_unique<kernel::Stepper<T>>(config.physics, geometry, isa, threads, tiling);
        MORPHOGEN_EXPECT(stepper_->depth() == depth);
        stepper_->first_touch(state_->current());
        stepper_->first_touch(state_->next());
        const kernel::Fields<T> fields = state_->current();
        fill_initial_state(config, block, fields.u, fields.v, options.reader, threads);
        halos_ = std::make_unique<HaloExchange<T>>(
            comm, grid, config.physics.boundary == kernel::Boundary::periodic, depth, threads);
    });
    if (halos_->has_messages()) progress_ = [halos = halos_.get()] { halos->progress(); };
}

template <typename T>
void EngineOf<T>::advance(Index steps) {
    MORPHOGEN_EXPECT(steps >= 0);
    while (steps > 0) {
        // Groups of equal size: 34 steps at depth 8 are 7 + 7 + 7 + 7 + 6, not 8 + 8 + 8 + 8 + 2.
        const Index groups = (steps + depth - 1) / depth;
        const Index now = (steps + groups - 1) / groups;
        take(now);
        steps -= now;
    }
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

/// Computes nothing more after an error, but the halos go on: neighbours wait for them.
template <typename T>
void EngineOf<T>::sweep(kernel::Part part, Index steps, const std::function<void()>& progress) {
    if (error_) return;
    try {
        if (probe_) probe_(step);
        stepper_->sweep(state_->current().as_const(), state_->next(), step, steps, part, progress);
    } catch (...) {
        error_ = std::current_exception();
    }
}

template <typename T>
void EngineOf<T>::take(Index steps) {
    using kernel::Part;
    const kernel::Fields<T> from = state_->current();
    core::Stopwatch watch;
    halos_->start(from);
    halo_seconds += watch.restart();
    if (halos_->has_messages()) {
        sweep(Part::interior, steps, progress_);
        compute_seconds += watch.restart();
        halos_->finish(from);
        halo_seconds += watch.restart();
        sweep(Part::border, steps);
    } else {
        sweep(Part::all, steps);
    }
    compute_seconds += watch.seconds();
    state_->swap();
    step += steps;
}

template <typename T>
kernel::FieldSummary EngineOf<T>::copy_out(Field field, std::span<std::byte> out) const {
    MORPHOGEN_EXPECT(out.size() ==
                     static_cast<std::size_t>(core::volume(block.shape())) * sizeof(T));
    MORPHOGEN_EXPECT(reinterpret_cast<std::uintptr_t>(out.data()) % alignof(T) == 0);
    const State<T>& state = *state_;
    const kernel::Fields<const T> fields = state.current();
    return kernel::copy_out<T>(field == Field::u ? fields.u : fields.v,
                               reinterpret_cast<T*>(out.data()), isa, threads);
}

template <typename T>
void EngineOf<T>::restore(Index at_step, std::span<const std::byte> u,
                          std::span<const std::byte> v) {
    MORPHOGEN_EXPECT(at_step >= 0 && u.size() == v.size());
    MORPHOGEN_EXPECT(u.size() == static_cast<std::size_t>(core::volume(block.shape())) * sizeof(T));
    const kernel::Fields<T> fields = state_->current();
    copy_in(u.data(), fields.u, threads);
    copy_in(v.data(), fields.v, threads);
    step = at_step;
}

template class EngineOf<float>;
template class EngineOf<double>;

} // namespace morphogen::simulation
