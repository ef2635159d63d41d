#include "time_limit.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <variant>
#include <vector>

namespace morphogen::run {
namespace {

constexpr double ask_again_s = 60.0; // after an answer that was none, or when little is left

std::optional<long> number(std::string_view text) {
    long value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

/// A job's number, and no text that a shell would take for more.
std::optional<long> job_number() {
    const char* const id = std::getenv("SLURM_JOB_ID");
    return id ? number(id) : std::nullopt;
}

/// The first line that @p command prints; nothing if it cannot be run or fails.
std::optional<std::string> first_line_of(const std::string& command) {
    std::FILE* const pipe = ::popen(command.c_str(), "re");
    if (!pipe) return std::nullopt;
    std::array<char, 256> line{};
    const bool any = std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr;
    const int status = ::pclose(pipe);
    if (!any || status != 0) return std::nullopt;
    return std::string(line.data());
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

bool says_no_limit(std::string_view answer) {
    return trimmed(answer) == "UNLIMITED" || trimmed(answer) == "NOT_SET";
}

} // namespace

std::optional<double> parse_slurm_time(std::string_view text) {
    text = trimmed(text);
    double days = 0.0;
    if (const auto dash = text.find('-'); dash != std::string_view::npos) {
        const auto count = number(text.substr(0, dash));
        if (!count) return std::nullopt;
        days = static_cast<double>(*count);
        text.remove_prefix(dash + 1);
    }
    double seconds = 0.0;
    int fields = 0;
    for (;; ++fields) {
        const auto colon = text.find(':');
        const auto value = number(text.substr(0, colon));
        if (!value || fields == 3) return std::nullopt;
        seconds = seconds * 60.0 + static_cast<double>(*value);
        if (colon == std::string_view::npos) break;
        text.remove_prefix(colon + 1);
    }
    if (fields == 0) return std::nullopt; // a number alone is no time
    return days * 86400.0 + seconds;
}

TimeLimit::TimeLimit(const config::Limits& limits, core::Stopwatch started,
                     std::function<void(const std::string&)> note)
    : limits_(limits), started_(started), note_(std::move(note)) {
    if (const auto* seconds = std::get_if<config::WalltimeSeconds>(&limits_.walltime))
        left_s_ = seconds->seconds - started_.seconds();
    else if (std::holds_alternative<config::WalltimeSlurm>(limits_.walltime))
        ask();
}

void TimeLimit::ask() {
    // What was known counts until there is another answer.
    if (left_s_) left_s_ = *left_s_ - since_.seconds();
    since_.restart();
    const bool failed_before = std::exchange(failing_, false);
    const auto job = job_number();
    if (!job) {
        note_("limits.walltime = \"slurm\", but this is no Slurm job (SLURM_JOB_ID is not set): "
              "there is no limit to watch");
        return;
    }
    const auto answer = first_line_of(
        // All ranks wait meanwhile: a scheduler that does not answer must not hold them up for
        // long.
        fmt::format(
            "timeout --kill-after=1 5 squeue --noheader --jobs={} --Format=TimeLeft 2>/dev/null",
            *job));
    const auto left = answer ? parse_slurm_time(*answer) : std::nullopt;
    if (left || (answer && says_no_limit(*answer))) {
        left_s_ = left;
        return;
    }
    failing_ = true;
    if (!failed_before)
        note_(fmt::format("squeue does not tell the time limit of job {}: it is asked again every "
                          "{:.0f} s; until it answers what it said before counts",
                          *job, ask_again_s));
}

bool TimeLimit::is_near(double needed_s) {
    const auto near = [&] {
        return left_s_ && *left_s_ - since_.seconds() <= limits_.margin_seconds + needed_s;
    };
    const bool slurm = std::holds_alternative<config::WalltimeSlurm>(limits_.walltime);
    if (slurm && failing_ && since_.seconds() >= ask_again_s) ask();
    if (!near()) return false;
    // The answer may be old: the limit may have been raised since.
    if (slurm && since_.seconds() >= ask_again_s) ask();
    return near();
}

} // namespace morphogen::run
