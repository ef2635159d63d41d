#pragma once

#include <array>
#include <chrono>
#include <csignal>

namespace app {

/// While it lives, SIGINT, SIGTERM and SIGHUP end the process as they would anyway, but after the
/// files that it has begun are removed. A signal that was ignored (nohup) stays so. One at a time.
class CleanUpOnSignal {
public:
    /// @param grace ends that much later, for a rank that has begun no file: Open MPI's mpirun
    /// kills every rank within milliseconds of the first one's end, with TERM unheard.
    explicit CleanUpOnSignal(std::chrono::milliseconds grace = {});
    ~CleanUpOnSignal();
    CleanUpOnSignal(const CleanUpOnSignal&) = delete;
    CleanUpOnSignal& operator=(const CleanUpOnSignal&) = delete;

private:
    static constexpr std::array caught_{SIGINT, SIGTERM, SIGHUP};
    std::array<struct sigaction, caught_.size()> before_{};
};

} // namespace app
