#include "morphogen/bench/limits.hpp"
#include "morphogen/core/memory.hpp"

#include "bench/measurements.hpp"

#include <cstddef>
#include <limits>
#include <string>

namespace morphogen::bench {

Report measure_limits(const Context& context) {
    Report report("limits",
                  "what this machine can do, " + std::to_string(context.threads) + " threads",
                  {{"what", "limit"},
                   {"unit", "unit"},
                   {"one_thread", "one thread", 2},
                   {"all_threads", "all threads", 2}});
    const double seconds = context.seconds / 4; // there are many numbers, and they are steady
    const auto row = [&](const std::string& what, const char* unit, double scale, auto&& rate) {
        const double one = rate(1) / scale;
        report.add_row(
            {what, unit, one, context.threads == 1 ? one : rate(context.threads) / scale});
    };
    for (const kernel::Isa isa : kernel::available_isas())
        row("multiply-add, " + std::string(kernel::name_of(isa)), "G vectors/s", 1e9,
            [&](int threads) { return fma_rate(isa, threads, seconds); });
    for (const MemoryLevel& level : memory_levels()) {
        if (context.brief() && level.bytes > small_array) continue;
        const std::string where =
            std::string(level.name) + ", " + core::format_size(level.bytes) + " per thread";
        row("copy, " + where, "GB/s", 1e9, [&](int threads) {
            return memory_rate(MemoryTest::copy, level.bytes, threads, seconds);
        });
        row("triad, " + where, "GB/s", 1e9, [&](int threads) {
            return memory_rate(MemoryTest::triad, level.bytes, threads, seconds);
        });
    }
    const double none = std::numeric_limits<double>::quiet_NaN();
    report.add_row({"memcpy, memory", "GB/s",
                    memcpy_rate(context.brief() ? small_array : 0, seconds) / 1e9, none});
    const DiskRate disk =
        disk_rate(context.directory, context.brief() ? small_array : std::size_t{128} << 20U,
                  context.seconds);
    report.add_row({"disk, write", "GB/s", disk.to_cache / 1e9, none});
    report.add_row({"disk, write and fsync", "GB/s", disk.synced / 1e9, none});
    report.add_note(
        "copy and triad count the bytes that are read and those that are written; memcpy "
        "and disk count a byte once");
    report.add_note("at the same speed copy shows twice what memcpy does");
    return report;
}

} // namespace morphogen::bench
