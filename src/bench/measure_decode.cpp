#include "morphogen/bench/limits.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/reader.hpp"

#include "bench/chunk_rates.hpp"
#include "bench/developed_file.hpp"
#include "bench/frames.hpp"
#include "bench/measurements.hpp"
#include "bench/scratch_file.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

namespace morphogen::bench {
namespace {

constexpr std::uint64_t memory_ceiling = std::uint64_t{64} << 20; // bytes, besides the array

/// Seconds of reading @p path from its start to its end, one thread.
double read_seconds(const std::filesystem::path& path) {
    std::vector<char> buffer(std::size_t{1} << 22);
    const core::Stopwatch watch;
    std::ifstream file(path, std::ios::binary);
    file.rdbuf()->pubsetbuf(nullptr, 0);
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())))
        keep(buffer.front());
    return watch.seconds();
}

void add_case(Report& report, const Context& context, const char* codec,
              const std::filesystem::path& directory) {
    const DevelopedFile file =
        make_developed_file(context, context.brief() ? 2 : 24, codec, directory);
    const auto reader = std::make_shared<store::FileReader>(file.path);
    const store::DatasetReader data(reader, "/v");
    const codec::FilterPipeline filters =
        whole_layout(
            make_config(file.height, file.width, codec::parse_codec(codec), config::Sync::never))
            .filters;
    const auto raw = static_cast<double>(file.raw_bytes());
    core::AlignedBuffer<std::byte> array(file.raw_bytes());
    const std::vector<ChunkBytes> stored =
        stored_chunks(data, file.raw_bytes() / data.block_bytes());
    const auto few = std::span(stored).first(std::min<std::size_t>(stored.size(), 64));
    const double in_cache = decode_rate(few, filters, data.block_bytes(), 1, context.seconds);
    const double to_memory =
        decode_rate_to(array.span(), stored, filters, data.block_bytes(), context.seconds);
    const core::NdBox whole = core::NdBox::whole(data.shape());
    const auto read = [&] {
        const core::Stopwatch watch;
        rework::read_into(data, whole, array.span(), context.threads, memory_ceiling);
        return watch.seconds();
    };
    const double cached = raw / median_seconds(context.seconds, read);
    const auto from_disk = [&](const auto& seconds) {
        return [&] {
            drop_from_page_cache(file.path);
            return seconds();
        };
    };
    const Paired disk = compare(context.seconds, 3, from_disk(read),
                                from_disk([&] { return read_seconds(file.path); }));
    const double limit = to_memory * context.threads;
    const double disk_limit = std::min(limit, raw / disk.second);
    report.add_row(
        {std::string(codec), raw / static_cast<double>(std::filesystem::file_size(file.path)),
         in_cache / 1e6, to_memory / 1e6, cached / 1e6,
         100.0 * cached / (in_cache * context.threads), 100.0 * cached / limit,
         raw / disk.second / 1e6, raw / disk.first / 1e6, 100.0 * raw / disk.first / disk_limit});
    std::filesystem::remove_all(directory);
}

} // namespace

Report measure_decode(const Context& context) {
    Report report("decode",
                  fmt::format("a whole dataset into the caller's array, {} threads, at most {} MiB "
                              "besides it",
                              context.threads, memory_ceiling >> 20),
                  {{"codec", "codec"},
                   {"ratio", "ratio", 3, Meaning::detail},
                   {"decode_mb_per_s", "decode MB/s, cache", 0, Meaning::detail},
                   {"decode_to_memory_mb_per_s", "decode, memory", 0, Meaning::detail},
                   {"read_into_mb_per_s", "read_into, cached", 0},
                   {"percent_of_cache", "% of cache"},
                   {"percent_of_limit", "% of memory"},
                   {"disk_mb_per_s", "disk, as raw", 0, Meaning::detail},
                   {"from_disk_mb_per_s", "read_into, disk", 0},
                   {"percent_of_disk", "% of less"}});
    const ScratchDirectory scratch(context.directory);
    const double memcpy_mb = memcpy_rate(context.brief() ? small_array : 0, context.seconds) / 1e6;
    report.add_fact("memcpy_mb_per_s", "memcpy, one thread", memcpy_mb, "MB/s");
    for (const char* codec : {"none", "deflate:1", "deflate:6", "zstd:1", "lz4"})
        add_case(report, context, codec, scratch.path() / "run");
    report.add_note("decode: chunks in memory by one thread, all into one buffer in the cache, or "
                    "each to its place in an array; the percentages are of that times threads");
    report.add_note(
        "read_into: the file in the page cache and an array touched before; then the "
        "file on the disk, beside reading it, or decoding it to memory if that is less");
    return report;
}

} // namespace morphogen::bench
