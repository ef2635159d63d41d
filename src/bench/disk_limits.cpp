#include "morphogen/bench/limits.hpp"
#include "morphogen/core/stopwatch.hpp"

#include "bench/scratch_file.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace morphogen::bench {

DiskRate disk_rate(const std::filesystem::path& directory, std::size_t bytes, double seconds) {
    const ScratchDirectory scratch(directory);
    // Neither zeros nor repetitive: some file systems and disks compress or leave out such blocks.
    std::vector<std::byte> block(std::min<std::size_t>(bytes, std::size_t{1} << 20U));
    unsigned state = 1;
    for (std::byte& b : block)
        b = static_cast<std::byte>((state = state * 1664525U + 1013904223U) >> 24U);

    double to_cache = std::numeric_limits<double>::infinity();
    double synced = to_cache;
    int samples = 0;
    const core::Stopwatch all;
    do {
        PlainFile file(scratch.path() / "data");
        const core::Stopwatch one;
        for (std::size_t done = 0; done < bytes; done += block.size())
            file.write(std::span(block).first(std::min(block.size(), bytes - done)));
        to_cache = std::min(to_cache, one.seconds());
        file.sync();
        synced = std::min(synced, one.seconds());
    } while (++samples < 3 || all.seconds() < seconds);
    const auto size = static_cast<double>(bytes);
    return {size / to_cache, size / synced};
}

} // namespace morphogen::bench
