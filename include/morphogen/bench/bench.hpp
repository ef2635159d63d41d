#pragma once

#include "morphogen/mpi/communicator.hpp"

#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The project's own measurements. Each measures the machine's limits in the same process and shows
/// its results as fractions of them, so that numbers of different machines can be compared.
namespace morphogen::bench {

/// With fewer seconds per number everything is made small: only the measurement itself can be tried
/// out.
inline constexpr double brief_below = 0.05;

struct BenchOptions {
    bool json = false;
    int threads = 0; // 0: every core that is the rank's to use
    std::filesystem::path
        directory;        // for files that are written; empty: the system's temporary directory
    double seconds = 0.5; // spent on each number, roughly
    int repeats = 1;      // of each measurement; of several the medians are shown
    const mpi::Communicator* ranks = nullptr; // that measure together; null: this process alone
};

struct BenchmarkInfo {
    std::string_view name;
    std::string_view description; // one line
    bool by_ranks = false;        // whether several ranks can measure it together
};

/// The measurements there are, in the order of `all`.
std::span<const BenchmarkInfo> benchmarks() noexcept;

/// Runs the named measurements ("all": every one, among several ranks every one for them) and
/// prints what they are made by and on, and a table for each, on rank 0; with options.json one
/// object, its first member "provenance": that of the measurement, or, for several, one with a
/// member for each. A measurement that is named twice is made once. Where one fails those before it
/// are printed, as JSON too. Collective over options.ranks.
/// @throws core::UsageError for an unknown name, or one that several ranks cannot measure;
/// core::Error
void run_benchmarks(std::span<const std::string> names, const BenchOptions& options,
                    std::ostream& out);

/// Compares two files of what run_benchmarks printed with options.json, such as two builds' on one
/// machine: every limit and result that both hold, second / first, and which of them differ by more
/// than the noise. That is how far the repeats of either lie apart, at least 2 %, and 10 % where a
/// file is of fewer than three repeats.
/// @returns warnings, a line each: that they were measured with other options, or that a file does
/// not tell with which.
/// @throws core::UsageError if a file is not such a result, or they have no measurement in common.
[[nodiscard]] std::vector<std::string> compare_files(const std::filesystem::path& first,
                                                     const std::filesystem::path& second, bool json,
                                                     std::ostream& out);

} // namespace morphogen::bench
