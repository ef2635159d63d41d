#include "morphogen/bench/limits.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/simulation/simulation.hpp"

#include "bench/measurements.hpp"
#include "bench/own_tiling.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace morphogen::bench {
namespace {

std::string shape_text(const core::Extents& n) {
    return n[0] == 1 ? fmt::format("{} x {}", n[1], n[2])
                     : fmt::format("{} x {} x {}", n[0], n[1], n[2]);
}

/// Time enough for every stencil at every size, up to some GiB.
bool whole(const Context& context) {
    return context.seconds >= 1.0;
}

struct KernelCase {
    core::Extents shape;
    kernel::Stencil stencil = kernel::Stencil::oono_puri;
    kernel::Boundary boundary = kernel::Boundary::zero;

    friend bool operator==(const KernelCase&, const KernelCase&) = default;
};

/// A grid of about @p cells cells.
core::Extents grid_of(core::Index cells, int dims) {
    core::Index side = dims == 3 ? 16 : 64;
    if (dims == 3) {
        while ((side + 16) * (side + 16) * (side + 16) <= cells)
            side += 16;
        return {side, side, side};
    }
    while (side * side < cells)
        side *= 2;
    return {1, std::max<core::Index>(cells / side, 8), side};
}

/// Grids whose two states fill about half of each cache, one share of it per thread.
std::vector<KernelCase> by_cache(kernel::Stencil stencil, std::size_t cell_bytes,
                                 const Context& context) {
    std::vector<KernelCase> all;
    for (const MemoryLevel& level : memory_levels()) {
        if (level.name == "memory" || (context.brief() && level.bytes > small_array)) continue;
        const int shares = level.name == "L3" ? 1 : context.threads;
        const auto cells = static_cast<core::Index>(level.bytes / (4 * cell_bytes)) * shares;
        all.push_back({grid_of(cells, kernel::info(stencil).dims), stencil});
    }
    return all;
}

/// The grid of the reference configuration, or a cube of about as many bytes as many runs have.
core::Extents usual(kernel::Stencil stencil, bool brief) {
    if (kernel::info(stencil).dims == 3)
        return brief ? core::Extents{16, 16, 16} : core::Extents{256, 256, 256};
    return brief ? core::Extents{1, 54, 96} : core::Extents{1, 1080, 1920};
}

/// The usual grid and larger ones, as far as a quarter of the memory holds them: the speed should
/// not depend on the size.
std::vector<KernelCase> large(kernel::Stencil stencil, std::size_t cell_bytes,
                              const Context& context) {
    std::vector<KernelCase> all{{usual(stencil, context.brief()), stencil}};
    if (context.brief()) return all;
    const std::vector<core::Extents> grids =
        kernel::info(stencil).dims == 3
            ? std::vector<core::Extents>{{512, 512, 512}}
            : std::vector<core::Extents>{{1, 8192, 8192}, {1, 16384, 16384}};
    for (const core::Extents& grid : grids)
        if (4 * static_cast<std::size_t>(core::volume(grid)) * cell_bytes <=
            core::usable_memory() / 4)
            all.push_back({grid, stencil});
    return all;
}

std::vector<KernelCase> kernel_cases(std::size_t cell_bytes, const Context& context) {
    std::vector<KernelCase> all;
    const auto add = [&](const KernelCase& c) { // a cache may hold just the usual grid
        if (std::ranges::find(all, c) == all.end()) all.push_back(c);
    };
    for (const kernel::StencilInfo& info : kernel::stencils) {
        if (whole(context) || info.stencil == kernel::Stencil::oono_puri || info.dims == 3) {
            std::ranges::for_each(by_cache(info.stencil, cell_bytes, context), add);
            std::ranges::for_each(large(info.stencil, cell_bytes, context), add);
        }
        add({usual(info.stencil, context.brief()), info.stencil});
    }
    const kernel::Stencil first = kernel::Stencil::oono_puri;
    for (const kernel::Boundary boundary : {kernel::Boundary::no_flux, kernel::Boundary::periodic})
        add({usual(first, context.brief()), first, boundary});
    return all;
}

std::string name_of(kernel::Boundary boundary) {
    switch (boundary) {
    case kernel::Boundary::zero:
        return "zero";
    case kernel::Boundary::periodic:
        return "periodic";
    case kernel::Boundary::no_flux:
        break;
    }
    return "no-flux";
}

config::Config configuration(const KernelCase& c, core::Precision precision) {
    config::Config config;
    config.grid.dims = kernel::info(c.stencil).dims;
    config.grid.shape = c.shape;
    config.grid.precision = precision;
    config.physics.stencil = c.stencil;
    config.physics.boundary = c.boundary;
    config.time.frames = core::Index{1} << 30U; // long enough to be tuned for
    return config;
}

struct Limits {
    double fma;    // vectors/s
    double memory; // bytes/s
};

/// A simulation as a run makes it: its arrays, its tiling, its halos.
void add_case(Report& report, const KernelCase& c, core::Precision precision, int threads,
              const Context& context, const Limits& limits) {
    const kernel::Isa isa = kernel::best_isa();
    // One setting for grids of two and of three dimensions: the former have no use for its planes.
    const auto policy = context.brief() ? simulation::TilingPolicy{} : own_tiling(3);
    simulation::Simulation state(configuration(c, precision), mpi::Communicator(),
                                 {.threads = threads, .isa = isa, .tiling = policy});
    const auto cells = core::volume(c.shape);
    const core::Index depth = state.depth();
    // The first steps of sharp edges are not what runs are made of; in a large grid they are few.
    state.advance(depth * std::clamp<core::Index>(20'000'000 / (cells * depth), 1, 10));
    // Small grids take so many steps per sample that reading the clock does not show.
    const core::Index steps = depth * std::max<core::Index>(1, 4'000'000 / (cells * depth));
    const double taken = median_seconds(context.seconds, [&] { state.advance(steps); });
    const double rate = static_cast<double>(cells * steps) / taken;
    const std::size_t cell_bytes = core::bytes_of(precision);
    const double fma_limit = limits.fma * lanes(isa, cell_bytes) / operations_per_vector;
    // Each visit to memory reads two fields and writes two.
    const double bytes_per_update =
        4.0 * static_cast<double>(cell_bytes) / static_cast<double>(depth);
    report.add_row({shape_text(c.shape), std::string(core::name_of(precision)),
                    std::string(kernel::info(c.stencil).name), name_of(c.boundary),
                    core::format_size(4 * static_cast<std::size_t>(cells) * cell_bytes),
                    std::int64_t{threads}, std::int64_t{depth}, rate / 1e9,
                    100.0 * rate / fma_limit, 100.0 * rate * bytes_per_update / limits.memory});
}

} // namespace

Report measure_kernel(const Context& context) {
    const kernel::Isa isa = kernel::best_isa();
    Report report(
        "kernel",
        fmt::format("Gray-Scott steps, {}, {} threads", kernel::name_of(isa), context.threads),
        {{"shape", "grid"},
         {"precision", "type"},
         {"stencil", "stencil"},
         {"boundary", "boundary"},
         {"memory", "memory"},
         {"threads", "threads"},
         {"depth", "steps per visit"},
         {"gcells_per_s", "G cells/s", 2},
         {"percent_of_fma_limit", "% of FMA limit", 1},
         {"percent_of_memory_rate", "% of memory rate", 1}});
    const auto measure_limits = [&](int threads) {
        const MemoryLevel memory = memory_levels().back();
        const std::size_t bytes =
            context.brief() ? small_array : memory.bytes / static_cast<std::size_t>(threads);
        return Limits{fma_rate(isa, threads, context.seconds / 2),
                      memory_rate(MemoryTest::copy, bytes, threads, context.seconds / 2)};
    };
    const Limits all = measure_limits(context.threads);
    const Limits one = context.threads == 1 ? all : measure_limits(1);
    report.add_fact("fma_per_s_one_thread", "multiply-adds, one thread", one.fma / 1e9,
                    "G vectors/s");
    report.add_fact("fma_per_s", "multiply-adds, all threads", all.fma / 1e9, "G vectors/s");
    report.add_fact("memory_rate", "memory, copy, all threads", all.memory / 1e9, "GB/s");
    for (const core::Precision precision : {core::Precision::f32, core::Precision::f64}) {
        if (context.threads > 1)
            add_case(report, {usual(kernel::Stencil::oono_puri, context.brief())}, precision, 1,
                     context, one);
        for (const KernelCase& c : kernel_cases(core::bytes_of(precision), context))
            add_case(report, c, precision, context.threads, context, all);
    }
    report.add_note(fmt::format(
        "FMA limit: every vector operation a multiply-add, {:.0f} of them per vector of cells",
        operations_per_vector));
    report.add_note("memory rate: what reading and writing both fields once per visit takes of it");
    if (!whole(context))
        report.add_note(
            "not the whole table: 2-D stencils other than oono-puri at one size only; --seconds 1 "
            "or more measures every stencil from the first cache to some GiB");
    return report;
}

} // namespace morphogen::bench
