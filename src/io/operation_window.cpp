#include "io/operation_window.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace morphogen::io {

void InFlightMeter::account(Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - since_).count();
    if (in_flight_ > 0) busy_seconds_ += seconds;
    area_ += in_flight_ * seconds;
    since_ = now;
}

void InFlightMeter::change(int by, std::uint64_t operations, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    account(Clock::now());
    in_flight_ += by;
    statistics_.max_in_flight = std::max(statistics_.max_in_flight, in_flight_);
    statistics_.operations += operations;
    statistics_.bytes += bytes;
}

QueueStatistics InFlightMeter::read() const {
    const std::lock_guard lock(mutex_);
    QueueStatistics statistics = statistics_;
    statistics.mean_in_flight = busy_seconds_ > 0 ? area_ / busy_seconds_ : 0;
    return statistics;
}

Outcome settle(Operation& operation) noexcept {
    // An interrupted close has closed: its number may be somebody else's by now (close(2), Linux).
    const bool unfinished = operation.result == -EINTR && operation.action != Action::close;
    if (unfinished || operation.result == -EAGAIN) {
        // Nobody says when it is worth trying again.
        if (operation.result == -EAGAIN) std::this_thread::sleep_for(std::chrono::microseconds(50));
        return Outcome::again;
    }
    const bool moves = operation.action == Action::read || operation.action == Action::write;
    if (!moves || operation.result < 0) return Outcome::final;
    operation.done += static_cast<std::size_t>(operation.result);
    if (operation.result > 0 && operation.done < operation.length) return Outcome::again;
    operation.result = static_cast<std::int64_t>(operation.done);
    return Outcome::final;
}

} // namespace morphogen::io
