#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/diff.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <memory>
#include <string>

namespace morphogen::rework {

/// Index along each axis of element @p n of a dense box.
core::Dims index_in(const core::NdBox& box, core::Index n);

/// Slab by slab: both datasets have elements of fixed size along as many axes, at least one.
/// @throws core::UsageError: too little memory; core::Error
DatasetDifference compare_blocks(const std::shared_ptr<const store::FileReader>& a,
                                 const std::shared_ptr<const store::FileReader>& b,
                                 const std::string& path, const DiffOptions& options);

} // namespace morphogen::rework
