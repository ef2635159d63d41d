#include "morphogen/bench/scratch_guard.hpp"

#include "bench/scratch_file.hpp"

#include <pthread.h>
#include <unistd.h>

namespace morphogen::bench {
namespace {

/// Sent by the destructor to the thread alone.
int wake_up() {
    return SIGRTMIN;
}

bool is_ignored(int signal) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    return action.sa_handler == SIG_IGN;
}

/// As if nobody had waited for it: the shell sees what ended the process.
[[noreturn]] void die_by(int signal) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, signal);
    ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
    ::raise(signal);
    ::_exit(128 + signal); // a container's first process, which signals do not end
}

} // namespace

// A thread, not a handler: it may allocate, wait for a lock, and walk through directories.
ScratchGuard::ScratchGuard() {
    sigemptyset(&caught_);
    sigaddset(&caught_, wake_up());
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        if (!is_ignored(signal)) sigaddset(&caught_, signal);
    ::pthread_sigmask(SIG_BLOCK, &caught_, &before_);
    thread_ = std::thread([this] { wait(); });
}

ScratchGuard::~ScratchGuard() {
    ::pthread_kill(thread_.native_handle(), wake_up());
    thread_.join();
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void ScratchGuard::wait() const {
    int signal = 0;
    if (::sigwait(&caught_, &signal) != 0 || signal == wake_up()) return;
    remove_scratch_for_good();
    die_by(signal);
}

} // namespace morphogen::bench
