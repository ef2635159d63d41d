#pragma once

#include "morphogen/store/dataset_reader.hpp"

#include <filesystem>
#include <vector>

namespace morphogen::rework {

/// Every file that a dataset is read from.
std::vector<std::filesystem::path> inputs_of(const store::DatasetReader& reader);

/// What is read must not be written over, whatever --force allows.
/// @throws core::UsageError if @p out, or the name it has until it is complete, is one of @p inputs
void check_output(const std::filesystem::path& out,
                  const std::vector<std::filesystem::path>& inputs);

} // namespace morphogen::rework
