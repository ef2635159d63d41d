#pragma once

#include <string>

namespace morphogen::parallel {

/// Cores' worth of CPU time that the control group of this process and its ancestors allow (version
/// 2 `cpu.max`, version 1 `cpu.cfs_quota_us`); infinity if there is no such limit. Containers on
/// large machines are limited in this way, not by affinity. The parameters are for tests.
double cpu_quota(const std::string& groups = "/proc/self/cgroup",
                 const std::string& root = "/sys/fs/cgroup");

} // namespace morphogen::parallel
