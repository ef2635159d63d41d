#pragma once

#include <csignal>
#include <thread>

namespace morphogen::bench {

/// While it lives, SIGINT, SIGTERM and SIGHUP end the process as they would anyway, but after the
/// directories that measurements write into are removed. A signal that was ignored (nohup) stays
/// so. Made before the process has other threads, since those block what it waits for only if they
/// are begun later. One at a time.
class ScratchGuard {
public:
    ScratchGuard();
    ~ScratchGuard();
    ScratchGuard(const ScratchGuard&) = delete;
    ScratchGuard& operator=(const ScratchGuard&) = delete;

private:
    void wait() const;

    sigset_t caught_{};
    sigset_t before_{};
    std::thread thread_;
};

} // namespace morphogen::bench
