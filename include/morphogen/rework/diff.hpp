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
    core::Dims at; // rank 0: a scalar
    std::string a; // shortest decimals; what is no number: its first bytes, in hexadecimal
    std::string b;
};

/// How two datasets of one path compare.
struct DatasetDifference {
    std::string path;
    std::string why;             // they cannot be compared element by element; empty: they were
    std::string skipped;         // why it is not compared (references, sequences of variable
                                 // size, nearly all fill, a link to a group); empty: it was
    std::uint64_t different = 0; // elements
    std::optional<ElementDifference> first;
    std::optional<ElementDifference> largest; // by |a - b|; NaN beside a number is the largest

    bool differs() const noexcept { return !why.empty() || different > 0; }
    bool same() const noexcept { return !differs() && skipped.empty(); }
};

struct DiffOptions {
    ReworkBudget budget;
    std::vector<std::string> datasets; // empty: all
    double tolerance = 0.0;            // |a - b| up to it is no difference; finite
};

/// Compares datasets of the same path by their values: layout, chunks, codec and byte order do not
/// matter, nor does the number type where both hold the value. NaN equals NaN. Datasets whose
/// elements are no numbers (also 16-bit floats, odd precisions) must have the same type and are
/// compared byte by byte. Datasets that external links lead to are compared too; a link to a group
/// is told, not followed. Attributes are not compared. The result is ordered by path.
/// @throws core::UsageError: no such file or dataset; a named one, or every one, cannot be
/// compared. core::Error naming file, dataset and chunk
std::vector<DatasetDifference> diff(const std::filesystem::path& a, const std::filesystem::path& b,
                                    const DiffOptions& options);

} // namespace morphogen::rework
