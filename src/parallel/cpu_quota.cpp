#include "cpu_quota.hpp"

#include <algorithm>
#include <fstream>
#include <limits>

namespace morphogen::parallel {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

double share(double quota, double period) {
    return quota > 0 && period > 0 ? quota / period : unlimited;
}

/// "max 100000" or "150000 100000": microseconds per period (kernel documentation,
/// admin-guide/cgroup-v2).
double quota_v2(const std::string& group) {
    std::ifstream in(group + "/cpu.max");
    double quota = 0;
    double period = 0;
    return in >> quota >> period ? share(quota, period) : unlimited;
}

/// -1 for none (kernel documentation, scheduler/sched-bwc).
double quota_v1(const std::string& group) {
    std::ifstream quota_file(group + "/cpu.cfs_quota_us");
    std::ifstream period_file(group + "/cpu.cfs_period_us");
    double quota = 0;
    double period = 0;
    return quota_file >> quota && period_file >> period ? share(quota, period) : unlimited;
}

bool has_controller(const std::string& list, const std::string& name) {
    return ("," + list + ",").find("," + name + ",") != std::string::npos;
}

} // namespace

double cpu_quota(const std::string& groups, const std::string& root) {
    double least = unlimited;
    std::ifstream in(groups);
    // Lines "hierarchy:controllers:/path", version 2 with no controllers (cgroups(7)).
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const bool v2 = controllers.empty();
        if (!v2 && !has_controller(controllers, "cpu")) continue;
        // In a container the path may be that outside of it; then only the root exists here, and
        // holds the limit.
        std::string group = line.substr(second + 1);
        for (;;) {
            while (group.ends_with('/'))
                group.pop_back();
            least = std::min(least, v2 ? quota_v2(root + group) : quota_v1(root + "/cpu" + group));
            const auto cut = group.rfind('/');
            if (cut == std::string::npos) break;
            group.erase(cut);
        }
    }
    return least;
}

} // namespace morphogen::parallel
