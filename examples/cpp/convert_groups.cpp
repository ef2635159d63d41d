// A directory of files converted by groups, with a map per file, a reduce per group, a map per
// result, and a destination per result. Maps run on every core, the rest on the calling thread.
#include "morphogen/rework/convert_groups.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace io = morphogen::io;
namespace rework = morphogen::rework;
namespace fs = std::filesystem;

constexpr int files = 600;
constexpr int files_per_group = 200;
constexpr std::size_t values = 512; // float64 per file

/// The largest and the smallest file sum of each group, each in a file of its own.
struct Extremes {
    using Value = double; // of a file: its sum
    struct Result {       // of a group
        fs::path destination;
        double sum = 0;
        std::string text = {};
    };

    void map(rework::ReadFile& file, double& sum, int) {
        std::array<double, values> numbers{};
        if (file.bytes.size() != sizeof numbers)
            throw morphogen::core::Error("a file of another size (" + file.path->string() + ")");
        std::memcpy(numbers.data(), file.bytes.data(), sizeof numbers);
        sum = std::accumulate(numbers.begin(), numbers.end(), 0.0);
    }
    void reduce(std::uint64_t, double& sum, rework::Results<Result>&) { sums.push_back(sum); }
    void end_group(std::uint64_t group, rework::Results<Result>& results) {
        const auto [low, high] = std::minmax_element(sums.begin(), sums.end());
        results.add({out / ("low" + std::to_string(group)), *low});
        results.add({out / ("high" + std::to_string(group)), *high});
        sums.clear();
    }
    void finish(Result& result, int) { result.text = std::to_string(result.sum); }
    void put(Result& result) { std::ofstream(result.destination) << result.text; }

    fs::path out;
    std::vector<double> sums = {};
};

fs::path input(const fs::path& folder, int i) {
    return folder / (std::to_string(i) + ".f64");
}

/// File i holds the number i, so its sum is 512 i.
void make_inputs(const fs::path& folder) {
    for (int i = 0; i < files; ++i) {
        const std::vector<double> numbers(values, i);
        std::ofstream(input(folder, i), std::ios::binary)
            .write(reinterpret_cast<const char*>(numbers.data()), values * sizeof(double));
    }
}

/// Every file, and an end after each 200.
rework::FileSource in_groups(const fs::path& folder) {
    return [folder, i = 0, group = std::uint64_t{0}]() mutable
           -> std::optional<std::variant<fs::path, io::EndOfGroup>> {
        if (i == static_cast<int>(group + 1) * files_per_group) return io::EndOfGroup{group++};
        if (i == files) return std::nullopt;
        return input(folder, i++);
    };
}

bool holds(const fs::path& file, double expected) {
    double sum = -1;
    std::ifstream(file) >> sum;
    return sum == expected;
}

} // namespace

int main() {
    const fs::path folder = fs::temp_directory_path() / "morphogen-convert-groups";
    int status = EXIT_FAILURE;
    try {
        fs::create_directories(folder);
        make_inputs(folder);
        morphogen::parallel::Team team(2);
        Extremes job{folder};
        rework::GroupConversion<Extremes> conversion(team, io::BufferPool(1 << 20),
                                                     {.in_flight = 16});
        const rework::GroupFigures figures = conversion.run(in_groups(folder), job);
        const bool right = holds(folder / "low1", 200.0 * values) &&
                           holds(folder / "high2", 599.0 * values) && figures.results == 6;
        std::printf("%lld files in %lld groups: %lld results, %s\n",
                    static_cast<long long>(figures.files), static_cast<long long>(figures.groups),
                    static_cast<long long>(figures.results), right ? "right" : "WRONG");
        if (right) status = EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "convert_groups: %s\n", error.what());
    }
    fs::remove_all(folder);
    return status;
}
