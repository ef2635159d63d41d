#pragma once

#include "morphogen/parallel/affinity.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace morphogen::parallel {

/// CPU time that all processes of one control group together may take.
struct CpuLimit {
    std::uint64_t device = 0; // of the group's directory, which names the group in every container
    std::uint64_t inode = 0;
    double cores = 0; // CPU seconds per second
    friend bool operator==(const CpuLimit&, const CpuLimit&) = default;
};

/// What a process may use of its machine.
struct CoreRights {
    CoreSet cores;                // not empty
    std::vector<CpuLimit> limits; // of its control group and of that one's ancestors

    /// With process_affinity(), or all cores where the system does not say. Any thread.
    static CoreRights of_this_process();
};

/// Cores for each of @p processes, which share a machine and all compute at the same time; at least
/// 1. A core is divided among those that may run on it, a limit among those in its group. A limit
/// of 1.5 cores is worth two threads, but not if it is divided.
std::vector<int> share_cores(std::span<const CoreRights> processes);

} // namespace morphogen::parallel
