#pragma once

#include "rework/verify_job.hpp"

#include <filesystem>

namespace morphogen::rework {

/// What there is to look at in a run's directory or a file, as far as it is known without looking;
/// what a kill left of a run, and its checkpoints, are checked here.
/// @throws core::UsageError, core::Error: the file itself cannot be found or opened
void add_inputs(VerifyJob& job, const std::filesystem::path& path);

} // namespace morphogen::rework
