#pragma once

#include <array>
#include <csignal>

namespace app {

/// While it lives, a crash ends the process with a message and exit code 1, after the files that it
/// has begun are removed: HDF5 does not survive every damaged file. Not in builds with a sanitizer,
/// which has handlers of its own. One at a time, on the main thread.
class CrashMessage {
public:
    CrashMessage();
    ~CrashMessage();
    CrashMessage(const CrashMessage&) = delete;
    CrashMessage& operator=(const CrashMessage&) = delete;

private:
    static constexpr std::array caught_{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    std::array<struct sigaction, caught_.size()> before_{};
    stack_t stack_before_{};
};

} // namespace app
