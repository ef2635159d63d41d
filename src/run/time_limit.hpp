#pragma once

#include "morphogen/config/config.hpp"
#include "morphogen/core/stopwatch.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace morphogen::run {

/// How much of limits.walltime is left. With "slurm" the scheduler is asked: at the start, and
/// again when little is left (somebody may have given the job more). Rank 0's; one thread.
class TimeLimit {
public:
    /// @p started: when the clock of a "HH:MM:SS" limit began. @p note gets remarks to the user.
    TimeLimit(const config::Limits& limits, core::Stopwatch started,
              std::function<void(const std::string&)> note);

    /// Whether less than the margin and @p needed_s remains.
    bool is_near(double needed_s);

private:
    void ask();

    const config::Limits limits_;
    const core::Stopwatch started_;
    const std::function<void(const std::string&)> note_;
    std::optional<double> left_s_; // when since_ began; nothing: no limit known
    core::Stopwatch since_;
    bool failing_ = false; // the scheduler's last answer was none
};

/// What `squeue -O TimeLeft` prints, in seconds: "MM:SS", "HH:MM:SS" or "D-HH:MM:SS"; nothing for
/// "UNLIMITED", "NOT_SET" and other words. Source: squeue(1), TIME_LEFT.
std::optional<double> parse_slurm_time(std::string_view text);

} // namespace morphogen::run
