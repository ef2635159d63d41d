#include "morphogen/bench/limits.hpp"
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

/// Bytes per second of reading @p path from its start to its end, one thread: the disk's, or, as
/// here where the file was just written, the page cache's.
double read_rate(const std::filesystem::path& path, double seconds) {
    std::vector<char> buffer(std::size_t{1} << 20);
    const double least = least_seconds(seconds, [&] {
        std::ifstream file(path, std::ios::binary);
        file.rdbuf()->pubsetbuf(nullptr, 0);
        while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())))
            keep(buffer.front());
    });
    return static_cast<double>(std::filesystem::file_size(path)) / least;
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
    const std::vector<ChunkBytes> stored = stored_chunks(data, 64);
    const auto one = decode_rate(stored, filters, data.block_bytes(), 1, context.seconds);
    const auto together =
        decode_rate(stored, filters, data.block_bytes(), context.threads, context.seconds);
    const auto raw = static_cast<double>(file.raw_bytes());
    const double ratio = raw / static_cast<double>(std::filesystem::file_size(file.path));
    const double disk = read_rate(file.path, context.seconds) * ratio;
    core::AlignedBuffer<std::byte> array(file.raw_bytes());
    const core::NdBox whole = core::NdBox::whole(data.shape());
    const double read =
        raw / median_seconds(context.seconds, [&] {
            rework::read_into(data, whole, array.span(), context.threads, memory_ceiling);
        });
    const double limit = std::min(one * context.threads, disk);
    report.add_row({std::string(codec), ratio, one / 1e6, together / 1e6, disk / 1e6, read / 1e6,
                    100.0 * read / limit});
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
                   {"decode_mb_per_s", "decode MB/s, one thread", 0, Meaning::detail},
                   {"together_mb_per_s", "all at once", 0, Meaning::detail},
                   {"disk_mb_per_s", "read, as raw MB/s", 0, Meaning::detail},
                   {"read_into_mb_per_s", "read_into MB/s", 0},
                   {"percent_of_limit", "% of limit"}});
    const ScratchDirectory scratch(context.directory);
    const double memcpy_mb = memcpy_rate(context.brief() ? small_array : 0, context.seconds) / 1e6;
    report.add_fact("memcpy_mb_per_s", "memcpy, one thread", memcpy_mb, "MB/s");
    for (const char* codec : {"none", "deflate:1", "deflate:6", "zstd:1", "lz4"})
        add_case(report, context, codec, scratch.path() / "run");
    report.add_note(
        "limit: decoding on one thread times threads, or reading the file, whichever is "
        "less");
    report.add_note("read: the file from the page cache by one thread, in raw bytes");
    return report;
}

} // namespace morphogen::bench
