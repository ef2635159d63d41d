#include "morphogen/rework/block_stream.hpp"
#include "morphogen/rework/rechunk.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/reader.hpp"

#include "bench/chunk_rates.hpp"
#include "bench/developed_file.hpp"
#include "bench/measurements.hpp"
#include "bench/scratch_file.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace morphogen::bench {
namespace {

constexpr core::Index new_rows = 60;

/// New chunks, before they are encoded, from places all over the frames.
std::vector<ChunkBytes> new_chunks(const store::DatasetReader& data, core::Index frames,
                                   core::Index count) {
    std::vector<ChunkBytes> chunks;
    const core::Dims shape = data.shape();
    for (core::Index i = 0; i < count; ++i) {
        const core::Index y = i * (shape[1] - new_rows) / count;
        const core::Index x = i * (shape[2] - new_rows) / count;
        const core::NdBox box{{0, y, x}, {frames, y + new_rows, x + new_rows}};
        chunks.emplace_back(static_cast<std::size_t>(box.volume()) * sizeof(float));
        rework::read_into(data, box, chunks.back().span(), 1, std::uint64_t{64} << 20);
    }
    return chunks;
}

} // namespace

Report measure_rechunk(const Context& context) {
    const core::Index frames = context.brief() ? 4 : 100;
    Report report("rechunk",
                  fmt::format("{} frames, chunks of one frame into ({}, {}, {}), {} threads",
                              frames, frames, new_rows, new_rows, context.threads),
                  {{"codec", "codec"},
                   {"memory_mib", "memory MiB"},
                   {"passes", "decoded", 2, Meaning::detail},
                   {"seconds", "s", 2, Meaning::less_is_better},
                   {"mb_per_s", "raw MB/s", 0},
                   {"codec_s", "codecs alone s", 2, Meaning::detail},
                   {"percent_of_codec", "% of codecs"}});
    const ScratchDirectory scratch(context.directory);
    for (const char* codec : {"deflate:1", "zstd:1", "lz4"}) {
        const DevelopedFile file =
            make_developed_file(context, frames, codec, scratch.path() / "run");
        const codec::FilterPipeline filters{.codec = codec::parse_codec(codec),
                                            .element_size = sizeof(float)};
        double decode = 0.0;
        double encode = 0.0;
        {
            const auto reader = std::make_shared<store::FileReader>(file.path);
            const store::DatasetReader data(reader, "/v");
            decode = decode_rate(stored_chunks(data, 64), filters, data.block_bytes(), 1,
                                 context.seconds);
            encode = encode_rate(new_chunks(data, frames, 8), filters, 1, context.seconds);
        }
        const auto raw = static_cast<double>(file.raw_bytes());
        for (const std::int64_t mib : {1024, 256, 64}) {
            rework::RechunkOptions options;
            options.chunks = {frames, new_rows, new_rows};
            options.codec = filters.codec;
            options.datasets = {"/v"};
            options.replace = true;
            options.threads = context.threads;
            options.memory = static_cast<std::uint64_t>(mib) << 20;
            double passes = 1.0;
            const double seconds = median_seconds(0.0, [&] {
                const auto result = rework::rechunk(file.path, scratch.path() / "out.h5", options);
                passes = result.datasets.front().passes;
            });
            const double limit = (raw / decode + raw / encode) / context.threads;
            report.add_row({std::string(codec), mib, passes, seconds, raw / seconds / 1e6, limit,
                            100.0 * limit / seconds});
        }
        std::filesystem::remove_all(scratch.path() / "run");
        std::filesystem::remove(scratch.path() / "out.h5");
    }
    report.add_note(
        "codecs alone: decoding and encoding everything once, at the rate of one thread "
        "times threads");
    return report;
}

} // namespace morphogen::bench
