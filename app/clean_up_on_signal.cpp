#include "clean_up_on_signal.hpp"

#include "morphogen/store/unfinished_files.hpp"

#include <poll.h>

namespace app {
namespace {

int grace_ms = 0; // set before the handler is, and read by it

// In a handler: no allocation, no lock.
void handle(int signal) {
    morphogen::store::remove_unfinished_files();
    if (grace_ms > 0) ::poll(nullptr, 0, grace_ms);
    ::raise(signal); // by SA_RESETHAND the default again: the shell sees what ended the process
}

} // namespace

CleanUpOnSignal::CleanUpOnSignal(std::chrono::milliseconds grace) {
    grace_ms = static_cast<int>(grace.count());
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < caught_.size(); ++i) {
        ::sigaction(caught_[i], nullptr, &before_[i]);
        if (before_[i].sa_handler != SIG_IGN) ::sigaction(caught_[i], &action, nullptr);
    }
}

CleanUpOnSignal::~CleanUpOnSignal() {
    for (std::size_t i = 0; i < caught_.size(); ++i)
        ::sigaction(caught_[i], &before_[i], nullptr);
}

} // namespace app
