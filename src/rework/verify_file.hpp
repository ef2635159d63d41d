#pragma once

#include "rework/verify_job.hpp"

namespace morphogen::rework {

/// Every dataset of a file; the files that it presents become tasks of the job.
/// @throws core::Error: it cannot be opened; Refused
void check_file(VerifyJob& job, const VerifyTask& task);

} // namespace morphogen::rework
