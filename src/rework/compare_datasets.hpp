#pragma once

#include "morphogen/rework/diff.hpp"
#include "morphogen/store/reader.hpp"

#include <memory>
#include <string>

namespace morphogen::rework {

/// A dataset that both files have, whatever its elements are. @throws core::Error
DatasetDifference compare_datasets(const std::shared_ptr<const store::FileReader>& a,
                                   const std::shared_ptr<const store::FileReader>& b,
                                   const std::string& path, const DiffOptions& options);

} // namespace morphogen::rework
