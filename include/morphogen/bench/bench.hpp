#pragma once

#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

/// The project's own measurements. Each measures the machine's limits in the same process and shows
/// its results as fractions of them, so that numbers of different machines can be compared.
namespace morphogen::bench {

struct BenchOptions {
    bool json = false;
    int threads = 0; // 0: every core that the process may use
    std::filesystem::path
        directory;        // for files that are written; empty: the system's temporary directory
    double seconds = 0.5; // spent on each number, roughly
};

struct BenchmarkInfo {
    std::string_view name;
    std::string_view description; // one line
};

/// The measurements there are, in the order of `all`.
std::span<const BenchmarkInfo> benchmarks() noexcept;

/// Runs the named measurements ("all": every one) and prints a table for each; with options.json
/// one object: that of the measurement, or, for several, one with a member for each.
/// @throws core::UsageError for an unknown name; core::Error
void run_benchmarks(std::span<const std::string> names, const BenchOptions& options,
                    std::ostream& out);

} // namespace morphogen::bench
