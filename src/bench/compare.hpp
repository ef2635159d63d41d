#pragma once

#include "morphogen/core/json_reader.hpp"

#include "bench/report.hpp"

namespace morphogen::bench {

/// One table: every limit and result that both have, as the ratio second / first.
struct Comparison {
    Report report;
    int better = 0; // results beyond the noise
    int worse = 0;
    int within = 0;
};

/// Both are of the same measurement.
Comparison compare_results(const core::JsonValue& first, const core::JsonValue& second);

} // namespace morphogen::bench
