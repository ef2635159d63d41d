#include "morphogen/simulation/summary.hpp"

#include "morphogen/core/error.hpp"

namespace morphogen::simulation {

using core::Extents;
using core::Index;

double GlobalSummary::mean() const noexcept {
    return count == 0 ? 0.0 : cells.sum.value() / static_cast<double>(count);
}

GlobalSummary globalize(const kernel::FieldSummary& block_summary, const core::Box& block,
                        const Extents& global) {
    const Extents n = block.shape();
    GlobalSummary part{.cells = block_summary, .count = core::volume(n)};
    if (const Index bad = block_summary.first_bad; bad >= 0) {
        const Index z = block.lo[0] + bad / (n[1] * n[2]);
        const Index y = block.lo[1] + bad / n[2] % n[1];
        const Index x = block.lo[2] + bad % n[2];
        part.cells.first_bad = (z * global[1] + y) * global[2] + x;
    }
    return part;
}

void merge(GlobalSummary& into, const GlobalSummary& from) noexcept {
    into.cells.merge(from.cells);
    into.count += from.count;
}

std::string not_finite_message(core::Field field, Index step, const GlobalSummary& summary,
                               const Extents& global, int dims) {
    const Index cell = summary.cells.first_bad;
    std::string where = "step " + std::to_string(step) + ", cell [";
    if (dims == 3) where += std::to_string(cell / (global[1] * global[2])) + ", ";
    where += std::to_string(cell / global[2] % global[1]) + ", " +
             std::to_string(cell % global[2]) + "]";
    const std::string what = "field " + std::string(core::name_of(field)) + " is not finite";
    return core::Error(core::ErrorText{.what = what,
                                       .where = where,
                                       .why = "the solution has grown without bound",
                                       .advice = "use a smaller model.dt, or check the initial "
                                                 "values"})
        .what();
}

} // namespace morphogen::simulation
