// A directory of small files read by groups, in 256 KiB of memory: each file is summed as it comes,
// each group's sum is written to a file of its own. Only morphogen::io is needed.
#include "morphogen/io/range_reader.hpp"
#include "morphogen/io/range_writer.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace {

namespace io = morphogen::io;
namespace fs = std::filesystem;

constexpr std::uint64_t files = 2000;
constexpr std::uint64_t files_per_group = 500;
constexpr std::size_t values = 1024; // float64 per file

fs::path input(const fs::path& folder, std::uint64_t i) {
    return folder / (std::to_string(i) + ".f64");
}

void make_inputs(const fs::path& folder) {
    for (std::uint64_t i = 0; i < files; ++i) {
        const std::vector<double> data(values, static_cast<double>(i));
        std::ofstream(input(folder, i), std::ios::binary)
            .write(reinterpret_cast<const char*>(data.data()), values * sizeof(double));
    }
}

/// Called when there is room for another request: the list of files is never in memory.
io::ReadSource every_file(const fs::path& folder) {
    return [folder, i = std::uint64_t{0}, in_group = std::uint64_t{0}]() mutable
           -> std::optional<std::variant<io::ReadRequest, io::EndOfGroup>> {
        if (in_group == files_per_group) {
            in_group = 0;
            return io::EndOfGroup{i / files_per_group - 1};
        }
        if (i == files) return std::nullopt;
        ++in_group;
        io::ReadRequest request{.path = input(folder, i), .tag = i};
        ++i;
        return request;
    };
}

double sum_of(const io::Buffer& bytes) {
    double sum = 0;
    for (std::size_t i = 0; i + sizeof(double) <= bytes.size(); i += sizeof(double)) {
        double value = 0;
        std::memcpy(&value, bytes.data() + i, sizeof value);
        sum += value;
    }
    return sum;
}

double run(const fs::path& folder) {
    io::BufferPool pool(256 << 10);
    io::BufferPool results(4 << 10); // a pool of its own: the reader may use up the other
    io::RangeReader reader(pool, every_file(folder));
    io::RangeWriter writer;
    double total = 0;
    double group_sum = 0;
    while (auto event = reader.next()) {
        if (const auto* const read = std::get_if<io::RangeRead>(&*event)) {
            group_sum += sum_of(read->bytes); // recycled when `event` goes
        } else if (const auto* const failure = std::get_if<io::ReadFailure>(&*event)) {
            throw failure->error;
        } else {
            const std::uint64_t group = std::get<io::EndOfGroup>(*event).tag;
            io::Buffer result = results.acquire(sizeof group_sum);
            std::memcpy(result.data(), &group_sum, sizeof group_sum);
            writer.put(std::move(result), {{folder / ("group" + std::to_string(group)), 0}});
            total += group_sum;
            group_sum = 0;
        }
    }
    writer.close(); // reports the first error
    const io::QueueStatistics queue = reader.statistics();
    std::printf("%s: up to %d operations in flight, %.1f on average, %llu bytes in buffers\n",
                io::to_string(queue.backend).c_str(), queue.max_in_flight, queue.mean_in_flight,
                static_cast<unsigned long long>(pool.statistics().peak_held));
    return total;
}

} // namespace

int main() {
    try {
        const fs::path folder = fs::path("many_files");
        fs::create_directories(folder);
        make_inputs(folder);
        const double total = run(folder);
        const bool written = fs::file_size(folder / "group3") == sizeof(double);
        fs::remove_all(folder);
        // The sum of 0 .. files-1, `values` times: exact in float64.
        return written && total == values * (files * (files - 1) / 2.0) ? EXIT_SUCCESS
                                                                        : EXIT_FAILURE;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
