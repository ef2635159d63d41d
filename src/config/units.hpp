#pragma once

#include "morphogen/config/config.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Times as users write them.
namespace morphogen::config {

/// "90s", "10min", "1.5h", "1h30min", "2d": seconds, at least 0. Nothing if the text is something
/// else.
std::optional<double> parse_duration(std::string_view text);

/// The text that parse_duration reads back to the same number.
std::string show_duration(double seconds);

using CheckpointEvery = decltype(Checkpoint::every);
/// A duration above 0, "50 frames", "never".
std::optional<CheckpointEvery> parse_every(std::string_view text);
std::string show_every(const CheckpointEvery& every);

using Walltime = decltype(Limits::walltime);
/// "none", "slurm", "HH:MM:SS", "D-HH:MM:SS", a duration; above 0.
std::optional<Walltime> parse_walltime(std::string_view text);
std::string show_walltime(const Walltime& walltime);

} // namespace morphogen::config
