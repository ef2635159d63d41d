#include "config/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace morphogen::config {
namespace {

constexpr double longest = 1e9; // seconds, 31 years: sums of times stay exact enough

struct Unit {
    std::string_view name;
    double seconds;
};
// Largest first: a time is printed in the first that divides it twice or more ("60s", "24h").
constexpr std::array<Unit, 4> units{{{"d", 86400.0}, {"h", 3600.0}, {"min", 60.0}, {"s", 1.0}}};

template <typename T>
std::optional<T> take_number(std::string_view& text) {
    T value{};
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt; // no sign, no "inf"
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

void skip_spaces(std::string_view& text) {
    while (take(text, " ")) {
    }
}

/// "HH:MM:SS" or "D-HH:MM:SS", sbatch's --time.
std::optional<double> parse_clock(std::string_view text) {
    Index days = 0;
    auto first = take_number<Index>(text);
    if (first && take(text, "-")) {
        days = *first;
        first = take_number<Index>(text);
        if (first && *first > 23) return std::nullopt;
    }
    if (!first || !take(text, ":")) return std::nullopt;
    const auto minutes = take_number<Index>(text);
    if (!minutes || *minutes > 59 || !take(text, ":")) return std::nullopt;
    const auto seconds = take_number<Index>(text);
    if (!seconds || *seconds > 59 || !text.empty()) return std::nullopt;
    const double total = static_cast<double>(days) * 86400.0 +
                         static_cast<double>(*first) * 3600.0 +
                         static_cast<double>(*minutes * 60 + *seconds);
    return total <= longest ? std::optional(total) : std::nullopt;
}

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

} // namespace

std::optional<double> parse_duration(std::string_view text) {
    double total = 0.0;
    do {
        const auto number = take_number<double>(text);
        if (!number) return std::nullopt;
        skip_spaces(text);
        const Unit* unit = nullptr;
        for (const Unit& candidate : units)
            if (!unit && take(text, candidate.name)) unit = &candidate;
        if (!unit) return std::nullopt;
        total += *number * unit->seconds;
        skip_spaces(text);
    } while (!text.empty());
    return total <= longest ? std::optional(total) : std::nullopt;
}

std::string show_duration(double seconds) {
    for (const Unit& unit : units) {
        const double count = seconds / unit.seconds;
        if (count >= 2.0 && count == std::floor(count) && count * unit.seconds == seconds)
            return fmt::format("{}{}", count, unit.name);
    }
    return fmt::format("{}s", seconds);
}

std::optional<CheckpointEvery> parse_every(std::string_view text) {
    if (text == "never") return CheckpointNever{};
    if (const auto seconds = parse_duration(text)) {
        if (*seconds > 0.0) return CheckpointSeconds{*seconds};
        return std::nullopt;
    }
    const auto frames = take_number<Index>(text);
    skip_spaces(text);
    if (!frames || *frames < 1 || (text != "frames" && text != "frame")) return std::nullopt;
    return CheckpointFrames{*frames};
}

std::string show_every(const CheckpointEvery& every) {
    return std::visit(
        Overloaded{[](CheckpointNever) { return std::string("never"); },
                   [](CheckpointSeconds e) { return show_duration(e.seconds); },
                   [](CheckpointFrames e) { return fmt::format("{} frames", e.frames); }},
        every);
}

std::optional<Walltime> parse_walltime(std::string_view text) {
    if (text == "none") return WalltimeNone{};
    if (text == "slurm") return WalltimeSlurm{};
    auto seconds = parse_clock(text);
    if (!seconds) seconds = parse_duration(text);
    if (!seconds || *seconds <= 0.0) return std::nullopt;
    return WalltimeSeconds{*seconds};
}

std::string show_walltime(const Walltime& walltime) {
    const auto clock = [](WalltimeSeconds w) {
        if (w.seconds != std::floor(w.seconds)) return show_duration(w.seconds);
        const auto s = static_cast<Index>(w.seconds);
        return fmt::format("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    };
    return std::visit(Overloaded{[](WalltimeNone) { return std::string("none"); }, clock,
                                 [](WalltimeSlurm) { return std::string("slurm"); }},
                      walltime);
}

} // namespace morphogen::config
