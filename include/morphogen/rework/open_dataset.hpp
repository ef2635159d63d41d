#pragma once

#include "morphogen/store/dataset_reader.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace morphogen::rework {

/// How much of the machine a command may use, and whom it tells how far it is.
struct ReworkBudget {
    int threads = 1;
    std::uint64_t memory = 0; // bytes: ceiling on everything held
    /// Units of work done and in all, on the calling thread. May be empty.
    std::function<void(core::Index done, core::Index all)> progress = {};
};

/// The dataset that a command works on: @p name, or else a run's field (v before u), or else the
/// only dataset of numbers with two axes or more.
/// @param input a run's directory or an HDF5 file.
/// @throws core::UsageError: no such file or dataset, several that could be meant (lists them), or
/// no numbers in it. core::Error if it cannot be read
std::unique_ptr<store::DatasetReader> open_dataset(const std::filesystem::path& input,
                                                   const std::optional<std::string>& name);

} // namespace morphogen::rework
