#pragma once

#include "morphogen/parallel/share_cores.hpp"

#include <string>
#include <vector>

namespace morphogen::parallel {

/// Limits of CPU time on the control group of this process and on its ancestors (version 2
/// `cpu.max`, version 1 `cpu.cfs_quota_us`). Containers on large machines are limited in this way,
/// not by affinity. The parameters are for tests.
std::vector<CpuLimit> cpu_limits(const std::string& groups = "/proc/self/cgroup",
                                 const std::string& root = "/sys/fs/cgroup");

} // namespace morphogen::parallel
