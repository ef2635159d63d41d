#include "morphogen/bench/limits.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/kernel/isa.hpp"

#include "bench/block_state.hpp"
#include "bench/measurements.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace morphogen::bench {
namespace {

/// Vector operations of a step of one vector of cells: 4 per field for a separable stencil whose
/// row sums are kept, 4 for the reaction, 4 for the two updates. Other stencils are measured by the
/// same rule.
constexpr double operations_per_vector = 16.0;

std::string shape_text(const core::Extents& n) {
    return n[0] == 1 ? fmt::format("{} x {}", n[1], n[2])
                     : fmt::format("{} x {} x {}", n[0], n[1], n[2]);
}

struct Case {
    core::Extents shape;
    kernel::Stencil stencil;
};

/// Grids whose two states fill about half of each level of memory, one share of the level per
/// thread.
std::vector<Case> cases(int threads, bool brief) {
    std::vector<Case> all;
    for (const MemoryLevel& level : memory_levels()) {
        if (brief && level.bytes > small_array) continue;
        // 16 bytes per cell in single precision. The last level is shared by all threads.
        const bool own = level.name == "L1" || level.name == "L2";
        const auto cells = static_cast<core::Index>(level.bytes / 16) * (own ? threads : 1);
        core::Index width = 64;
        while (width * width < cells)
            width *= 2;
        all.push_back(
            {{1, std::max<core::Index>(cells / width, 8), width}, kernel::Stencil::oono_puri});
    }
    const core::Extents plane = brief ? core::Extents{1, 54, 96} : core::Extents{1, 1080, 1920};
    const core::Extents cube = brief ? core::Extents{16, 16, 16} : core::Extents{128, 128, 128};
    for (const kernel::StencilInfo& info : kernel::stencils)
        all.push_back({info.dims == 2 ? plane : cube, info.stencil});
    return all;
}

template <typename T>
void add_case(Report& report, const Case& c, int threads, double seconds, double fma_per_second) {
    const kernel::Isa isa = kernel::best_isa();
    kernel::Physics physics;
    physics.stencil = c.stencil;
    physics.diffusion_u = 0.1; // stable for every stencil
    BlockState<T> state(physics, c.shape, isa, threads);
    state.sow(8, 48);
    const core::Index depth = state.stepper().depth();
    state.advance(10 * depth); // the first steps of sharp edges are not what runs are made of
    // Small grids take so many steps per sample that reading the clock does not show.
    const auto cells = static_cast<core::Index>(state.cells());
    const core::Index steps = depth * std::max<core::Index>(1, 4'000'000 / (cells * depth));
    const double taken = median_seconds(seconds, [&] { state.advance(steps); });
    const double rate = static_cast<double>(cells * steps) / taken;
    const double limit = fma_per_second * lanes(isa, sizeof(T)) / operations_per_vector;
    report.add_row({shape_text(c.shape), std::string(sizeof(T) == 4 ? "f32" : "f64"),
                    std::string(kernel::info(c.stencil).name), core::format_size(state.bytes()),
                    std::int64_t{threads}, std::int64_t{depth}, rate / 1e9, 100.0 * rate / limit});
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
         {"memory", "memory"},
         {"threads", "threads"},
         {"depth", "steps per visit"},
         {"gcells_per_s", "G cells/s", 2},
         {"percent_of_fma_limit", "% of limit"}});
    const double all = fma_rate(isa, context.threads, context.seconds / 2);
    const double one = context.threads == 1 ? all : fma_rate(isa, 1, context.seconds / 2);
    report.add_fact("fma_per_s_one_thread", "multiply-adds, one thread", one / 1e9, "G vectors/s");
    report.add_fact("fma_per_s", "multiply-adds, all threads", all / 1e9, "G vectors/s");
    for (const Case& c : cases(1, context.brief())) {
        if (c.stencil == kernel::Stencil::oono_puri)
            add_case<float>(report, c, 1, context.seconds, one);
    }
    if (context.threads > 1)
        for (const Case& c : cases(context.threads, context.brief()))
            add_case<float>(report, c, context.threads, context.seconds, all);
    for (const Case& c : cases(context.threads, context.brief()))
        if (c.stencil == kernel::Stencil::oono_puri)
            add_case<double>(report, c, context.threads, context.seconds, all);
    report.add_note(fmt::format(
        "limit: every vector operation a multiply-add, {:.0f} of them per vector of cells",
        operations_per_vector));
    return report;
}

} // namespace morphogen::bench
