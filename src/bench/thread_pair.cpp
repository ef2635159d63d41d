#include "bench/thread_pair.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace morphogen::bench {
namespace {

/// Which core of which socket a hardware thread belongs to; the same text for siblings.
std::string physical_core(int cpu) {
    const std::string topology =
        "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings";
    std::string siblings;
    if (!(std::ifstream(topology) >> siblings)) return std::to_string(cpu);
    return siblings;
}

CorePair choose_cores() {
    const parallel::CoreSet& usable = parallel::process_affinity();
    std::vector<int> cpus;
    for (int cpu = 0; static_cast<int>(cpus.size()) < usable.count(); ++cpu)
        if (usable.contains(cpu)) cpus.push_back(cpu);
    if (cpus.size() < 2) return {};
    // Two threads of one core share its first cache, which no two ranks or teams rely on.
    const auto apart = std::find_if(cpus.begin() + 1, cpus.end(), [&](int cpu) {
        return physical_core(cpu) != physical_core(cpus.front());
    });
    const int other = apart != cpus.end() ? *apart : cpus[1];
    return {parallel::CoreSet::single(cpus.front()), parallel::CoreSet::single(other)};
}

} // namespace

const CorePair& cores() {
    static const CorePair pair = choose_cores();
    return pair;
}

} // namespace morphogen::bench
