#pragma once

#include <array>
#include <csignal>

namespace app {

/// While it lives, SIGINT, SIGTERM and SIGHUP end the process as they would anyway, but after the
/// files that it has begun are removed. A signal that was ignored (nohup) stays so.
class CleanUpOnSignal {
public:
    CleanUpOnSignal();
    ~CleanUpOnSignal();
    CleanUpOnSignal(const CleanUpOnSignal&) = delete;
    CleanUpOnSignal& operator=(const CleanUpOnSignal&) = delete;

private:
    static constexpr std::array caught_{SIGINT, SIGTERM, SIGHUP};
    std::array<struct sigaction, caught_.size()> before_{};
};

} // namespace app
