#pragma once

#include "morphogen/store/frame.hpp"
#include "morphogen/store/hdf5/handle.hpp"

#include <optional>
#include <span>
#include <vector>

/// The records of a file whose columns may be damaged.
namespace morphogen::store {

/// Of the first frames, at most @p limit, as far as /step or /time can be read: each follows from
/// the other by @p time_step. Statistics that cannot be read are NaN.
std::vector<FrameRecord> salvage_records(const hdf5::File& file,
                                         std::span<const core::Field> fields, core::Index limit,
                                         std::optional<double> time_step);

bool lacks_any(const FieldStatistics& statistics) noexcept;

/// As the run makes them, to the same bits. @p cells: of the whole grid, finite
FieldStatistics statistics_of(std::span<const double> cells);

} // namespace morphogen::store
