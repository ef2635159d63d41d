#include "morphogen/core/stopwatch.hpp"

#include <ctime>

namespace morphogen::core {
namespace {

double clock_seconds(clockid_t clock) noexcept {
    timespec t{};
    ::clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

} // namespace

double thread_cpu_seconds() noexcept {
    return clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

double process_cpu_seconds() noexcept {
    return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

} // namespace morphogen::core
