#pragma once

#include <string_view>

namespace morphogen::run {

/// Catches SIGTERM, SIGINT and SIGUSR1 (stop) and SIGUSR2 (write a checkpoint and go on) while it
/// lives, and restores what was installed before. A second SIGINT ends the process at once with
/// exit code 130. One object per process, made by the program, never by the library.
class SignalWatch {
public:
    SignalWatch();
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// Number of the signal that asks for a stop, or 0. Any thread.
    static int stop_signal() noexcept;
    /// Whether a checkpoint was asked for since the last call. Any thread.
    static bool take_checkpoint_request() noexcept;
};

/// "SIGTERM" for 15.
std::string_view signal_name(int signal) noexcept;

} // namespace morphogen::run
