#include "morphogen/store/hdf5_lock.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace morphogen::store {
namespace {

/// Tickets: with a plain mutex a thread that reads chunk after chunk would rarely let another in.
struct Turnstile {
    std::mutex mutex;
    std::condition_variable moved;
    std::uint64_t next = 0;    // ticket to give out
    std::uint64_t serving = 0; // ticket that is, or may go, inside
    std::thread::id owner;     // default: nobody
    int depth = 0;             // locks that the owner holds
};

Turnstile& turnstile() {
    static Turnstile one;
    return one;
}

} // namespace

Hdf5Lock::Hdf5Lock() {
    Turnstile& t = turnstile();
    const std::thread::id me = std::this_thread::get_id();
    std::unique_lock lock(t.mutex);
    if (t.owner != me) {
        const std::uint64_t ticket = t.next++;
        t.moved.wait(lock, [&] { return t.serving == ticket; });
        t.owner = me;
    }
    ++t.depth;
}

Hdf5Lock::~Hdf5Lock() {
    Turnstile& t = turnstile();
    {
        const std::lock_guard lock(t.mutex);
        if (--t.depth > 0) return;
        t.owner = {};
        ++t.serving;
    }
    t.moved.notify_all();
}

} // namespace morphogen::store
