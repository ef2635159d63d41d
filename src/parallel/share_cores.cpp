#include "morphogen/parallel/share_cores.hpp"

#include "cpu_quota.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <thread>

namespace morphogen::parallel {
namespace {

constexpr double rounding = 1e-6; // a third of 3 cores is 1

/// By core: how many of @p processes may run on it.
std::vector<int> count_users(std::span<const CoreRights> processes) {
    std::vector<int> users;
    for (const CoreRights& process : processes)
        for (const int core : process.cores.numbers()) {
            const auto i = static_cast<std::size_t>(core);
            if (i >= users.size()) users.resize(i + 1, 0);
            ++users[i];
        }
    return users;
}

double part_of_cores(const CoreRights& process, const std::vector<int>& users) {
    double part = 0;
    for (const int core : process.cores.numbers())
        part += 1.0 / users[static_cast<std::size_t>(core)];
    return part + rounding;
}

double part_of_limit(const CpuLimit& limit, std::span<const CoreRights> processes) {
    const auto members = std::ranges::count_if(processes, [&](const CoreRights& process) {
        return std::ranges::find(process.limits, limit) != process.limits.end();
    });
    return members > 1 ? limit.cores / static_cast<double>(members) + rounding
                       : std::ceil(limit.cores);
}

} // namespace

CoreRights CoreRights::of_this_process() {
    CoreRights rights{process_affinity(), cpu_limits()};
    if (rights.cores.count() > 0) return rights;
    const int all = std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
    for (int core = 0; core < all; ++core)
        rights.cores.add(core);
    return rights;
}

std::vector<int> share_cores(std::span<const CoreRights> processes) {
    const std::vector<int> users = count_users(processes);
    std::vector<int> shares;
    for (const CoreRights& process : processes) {
        double share = part_of_cores(process, users);
        for (const CpuLimit& limit : process.limits)
            share = std::min(share, part_of_limit(limit, processes));
        shares.push_back(std::max(static_cast<int>(share), 1));
    }
    return shares;
}

} // namespace morphogen::parallel
