#pragma once

#include "morphogen/core/box.hpp"
#include "morphogen/core/precision.hpp"
#include "morphogen/kernel/copy_out.hpp"

#include <span>
#include <string>

namespace morphogen::simulation {

/// Figures of one field over any part of the grid; merging parts in any order gives the same bits.
/// Trivially copyable: put it into a struct with other figures and reduce them all by one
/// Communicator::allreduce_struct.
struct GlobalSummary {
    kernel::FieldSummary cells; // `first_bad` is row-major over the whole grid here
    core::Index count = 0;      // cells

    double mean() const noexcept;
    bool is_finite() const noexcept { return cells.first_bad < 0; }
};

/// A block's summary (its first_bad counts cells of the block) as a part of the grid's.
GlobalSummary globalize(const kernel::FieldSummary& block_summary, const core::Box& block,
                        const core::Extents& global);

void merge(GlobalSummary& into, const GlobalSummary& from) noexcept;

/// "field v is not finite (step 340, cell [12, 40]): ...": the error's text; @p dims axes are
/// named.
std::string not_finite_message(core::Field field, core::Index step, const GlobalSummary& summary,
                               const core::Extents& global, int dims);

} // namespace morphogen::simulation
