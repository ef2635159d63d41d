#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/open_dataset.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::rework {

/// Two elements of the same place that differ.
struct ElementDifference {
    core::Dims at;
    double a = 0.0;
    double b = 0.0;
};

/// How two datasets of one path compare.
struct DatasetDifference {
    std::string path;
    std::string why;             // they cannot be compared element by element; empty: they were
    std::string skipped;         // why it is not compared (a scalar, elements of variable size,
                                 // nearly all fill); empty: it was. Counts as the same
    std::uint64_t different = 0; // elements
    std::optional<ElementDifference> first;
    std::optional<ElementDifference> largest; // by |a - b|; NaN beside a number is the largest

    bool same() const noexcept { return why.empty() && different == 0; }
};

struct DiffOptions {
    ReworkBudget budget;
    std::vector<std::string> datasets; // empty: all
    double tolerance = 0.0;            // |a - b| up to it is no difference
};

/// Compares datasets of the same path by their values: layout, chunks, codec and byte order do not
/// matter, nor does the number type where both hold the value. NaN equals NaN. Datasets whose
/// elements are no numbers are compared byte by byte. The result is ordered by path.
/// @throws core::UsageError: no such file or dataset. core::Error naming file, dataset and chunk
std::vector<DatasetDifference> diff(const std::filesystem::path& a, const std::filesystem::path& b,
                                    const DiffOptions& options);

} // namespace morphogen::rework
