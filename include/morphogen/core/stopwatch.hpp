#pragma once

#include <chrono>

namespace morphogen::core {

/// Seconds of wall time since construction or the last restart().
class Stopwatch {
public:
    double seconds() const noexcept {
        return std::chrono::duration<double>(Clock::now() - start_).count();
    }
    /// Starts anew and returns the seconds until now.
    double restart() noexcept {
        const auto now = Clock::now();
        const double passed = std::chrono::duration<double>(now - start_).count();
        start_ = now;
        return passed;
    }

private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

/// CPU seconds used by the calling thread.
double thread_cpu_seconds() noexcept;

/// CPU seconds used by all threads of the process.
double process_cpu_seconds() noexcept;

} // namespace morphogen::core
