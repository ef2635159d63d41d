#include "morphogen/core/memory.hpp"

#include "morphogen/core/error.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>

namespace morphogen::core {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> read_number(const std::string& path) {
    std::ifstream in(path);
    std::uint64_t value = 0;
    if (in >> value) return value;
    return std::nullopt; // absent, or "max"
}

/// A line "Key:   123 kB" of a /proc file, in bytes.
std::optional<std::uint64_t> read_kib(const std::string& path, std::string_view key) {
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
        if (!line.starts_with(key)) continue;
        std::istringstream rest(line.substr(key.size() + 1));
        std::uint64_t kib = 0;
        if (rest >> kib) return kib * 1024;
    }
    return std::nullopt;
}

std::uint64_t left_of(std::uint64_t limit, std::uint64_t used) {
    return limit > used ? limit - used : 1;
}

/// What the process's control group leaves: the tightest of the group and its ancestors, version 2
/// or 1.
std::uint64_t cgroup_left() {
    std::uint64_t left = unlimited;
    std::ifstream in("/proc/self/cgroup");
    std::string line;
    while (std::getline(in, line)) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const bool v2 = controllers.empty();
        if (!v2 && controllers.find("memory") == std::string::npos) continue;
        const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
        std::string group = line.substr(second + 1);
        while (true) {
            const std::string dir = root + (group == "/" ? "" : group);
            const auto limit = read_number(dir + (v2 ? "/memory.max" : "/memory.limit_in_bytes"));
            const auto used =
                read_number(dir + (v2 ? "/memory.current" : "/memory.usage_in_bytes"));
            if (limit && used) left = std::min(left, left_of(*limit, *used));
            if (group.empty() || group == "/") break;
            group.erase(group.rfind('/'));
        }
    }
    return left;
}

std::uint64_t rlimit_left(int resource, std::string_view used_key) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return unlimited;
    return left_of(limit.rlim_cur, read_kib("/proc/self/status", used_key).value_or(0));
}

struct Unit {
    std::string_view name;
    double bytes;
};
constexpr std::array units{Unit{"", 1.0},       Unit{"B", 1.0},      Unit{"K", 0x1p10},
                           Unit{"KiB", 0x1p10}, Unit{"KB", 1e3},     Unit{"kB", 1e3},
                           Unit{"M", 0x1p20},   Unit{"MiB", 0x1p20}, Unit{"MB", 1e6},
                           Unit{"G", 0x1p30},   Unit{"GiB", 0x1p30}, Unit{"GB", 1e9},
                           Unit{"T", 0x1p40},   Unit{"TiB", 0x1p40}, Unit{"TB", 1e12}};

} // namespace

std::uint64_t usable_memory() {
    const std::uint64_t machine = read_kib("/proc/meminfo", "MemAvailable").value_or(unlimited);
    return std::min({machine, cgroup_left(), rlimit_left(RLIMIT_AS, "VmSize"),
                     rlimit_left(RLIMIT_DATA, "VmData")});
}

std::uint64_t peak_rss_bytes() noexcept {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t parse_size(std::string_view text) {
    double number = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    while (unit.starts_with(' '))
        unit.remove_prefix(1);
    const auto* known =
        std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit; });
    const double bytes =
        status == std::errc{} && known != units.end() ? number * known->bytes : -1.0;
    if (!(bytes >= 0.0) || bytes >= 0x1p63)
        throw UsageError(ErrorText{.what = "not a size",
                                   .where = text,
                                   .why = "a number and a unit are expected",
                                   .advice = "write for example 64MiB, 1GiB or 64MB"});
    return static_cast<std::uint64_t>(std::llround(bytes));
}

std::string format_size(std::uint64_t bytes) {
    constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024.0 && unit + 1 < names.size()) {
        value /= 1024.0;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 || value >= 100.0 ? "%.0f %s" : "%.1f %s",
                  value, names[unit]);
    return text.data();
}

} // namespace morphogen::core
