#include "cpu_quota.hpp"

#include <sys/stat.h>

#include <cmath>
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

void add_limit(std::vector<CpuLimit>& limits, const std::string& group, double cores) {
    struct stat info {};
    if (std::isinf(cores) || ::stat(group.c_str(), &info) != 0) return;
    limits.push_back({.device = info.st_dev, .inode = info.st_ino, .cores = cores});
}

} // namespace

std::vector<CpuLimit> cpu_limits(const std::string& groups, const std::string& root) {
    std::vector<CpuLimit> limits;
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
            const std::string path = root + (v2 ? "" : "/cpu") + group;
            add_limit(limits, path, v2 ? quota_v2(path) : quota_v1(path));
            const auto cut = group.rfind('/');
            if (cut == std::string::npos) break;
            group.erase(cut);
        }
    }
    return limits;
}

} // namespace morphogen::parallel
