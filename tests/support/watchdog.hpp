#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

namespace morphogen::test {

/// Ends the program if it still exists after @p limit: a hang is a failure that says where.
class Watchdog {
public:
    explicit Watchdog(const char* what, std::chrono::seconds limit = std::chrono::seconds(30))
        : thread_([this, what, limit] {
              std::unique_lock lock(mutex_);
              if (finished_.wait_for(lock, limit, [this] { return done_; })) return;
              std::fprintf(stderr, "hang: %s\n", what);
              std::abort();
          }) {}
    ~Watchdog() {
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        finished_.notify_one();
        thread_.join();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable finished_;
    bool done_ = false;
    std::thread thread_; // last: it uses the others
};

/// Now and then: nothing, a yield, or a sleep of some microseconds. One per thread.
class Jitter {
public:
    explicit Jitter(unsigned seed) : random_(seed) {}
    void operator()() {
        const unsigned dice = random_() % 64;
        if (dice == 0)
            std::this_thread::sleep_for(std::chrono::microseconds(random_() % 100));
        else if (dice < 8)
            std::this_thread::yield();
    }
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

private:
    std::minstd_rand random_;
};

/// Repeats @p round(seed) until about @p time has passed, at least once.
template <typename Round>
void repeat_for(std::chrono::milliseconds time, Round&& round) {
    const auto end = std::chrono::steady_clock::now() + time;
    unsigned seed = 1;
    do
        round(seed++);
    while (std::chrono::steady_clock::now() < end);
}

} // namespace morphogen::test
