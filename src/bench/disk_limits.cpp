#include "morphogen/bench/limits.hpp"
#include "morphogen/core/stopwatch.hpp"

#include "bench/scratch_file.hpp"
#include "bench/timing.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace morphogen::bench {

DiskRate disk_rate(const std::filesystem::path& directory, std::size_t bytes, double seconds) {
    const ScratchDirectory scratch(directory);
    // Neither zeros nor repetitive: some file systems and disks compress or leave out such blocks.
    std::vector<std::byte> block(std::min<std::size_t>(bytes, std::size_t{1} << 20U));
    unsigned state = 1;
    for (std::byte& b : block)
        b = static_cast<std::byte>((state = state * 1664525U + 1013904223U) >> 24U);

    std::vector<double> to_cache;
    std::vector<double> synced;
    const core::Stopwatch all;
    do {
        PlainFile file(scratch.path() / "data");
        const core::Stopwatch one;
        for (std::size_t done = 0; done < bytes; done += block.size())
            file.write(std::span(block).first(std::min(block.size(), bytes - done)));
        to_cache.push_back(one.seconds());
        file.sync();
        synced.push_back(one.seconds());
    } while (to_cache.size() < 3 || all.seconds() < seconds);
    const auto size = static_cast<double>(bytes);
    return {size / median(to_cache), size / median(synced)};
}

} // namespace morphogen::bench
