#include "morphogen/run/signals.hpp"

#include "morphogen/core/error.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

namespace morphogen::run {
namespace {

constexpr std::array caught{SIGTERM, SIGINT, SIGUSR1, SIGUSR2};

// Written by the handler: lock-free atomics are async-signal-safe. Relaxed: the number itself is
// all that is published.
std::atomic<int> stop{0};
std::atomic<int> interrupts{0};
std::atomic<bool> checkpoint{false};
static_assert(std::atomic<int>::is_always_lock_free);

std::array<struct sigaction, caught.size()> previous;

void handle(int signal) {
    if (signal == SIGUSR2) {
        checkpoint.store(true, std::memory_order_relaxed);
        return;
    }
    if (signal == SIGINT && interrupts.fetch_add(1, std::memory_order_relaxed) > 0)
        ::_exit(static_cast<int>(core::ExitCode::interrupted));
    stop.store(signal, std::memory_order_relaxed);
}

} // namespace

SignalWatch::SignalWatch() {
    stop = 0;
    interrupts = 0;
    checkpoint = false;
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART; // a write that a signal interrupts goes on
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < caught.size(); ++i)
        ::sigaction(caught[i], &action, &previous[i]);
}

SignalWatch::~SignalWatch() {
    for (std::size_t i = 0; i < caught.size(); ++i)
        ::sigaction(caught[i], &previous[i], nullptr);
}

int SignalWatch::stop_signal() noexcept {
    return stop.load(std::memory_order_relaxed);
}

bool SignalWatch::take_checkpoint_request() noexcept {
    return checkpoint.exchange(false, std::memory_order_relaxed);
}

std::string_view signal_name(int signal) noexcept {
    switch (signal) {
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    case SIGUSR1:
        return "SIGUSR1";
    default:
        return "a signal";
    }
}

} // namespace morphogen::run
