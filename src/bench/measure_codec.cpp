#include "morphogen/bench/limits.hpp"
#include "morphogen/codec/decoder.hpp"
#include "morphogen/codec/encoder.hpp"
#include "morphogen/codec/rounding.hpp"

#include "bench/measurements.hpp"
#include "bench/sample_field.hpp"
#include "bench/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace morphogen::bench {
namespace {

constexpr core::Index chunk_rows = 270;
constexpr core::Index chunk_columns = 480;

using RawChunk = core::AlignedBuffer<float>;

/// A 2 x 2 arrangement of chunks of the sample.
std::vector<RawChunk> cut(const SampleField& field) {
    std::vector<RawChunk> chunks;
    for (core::Index y = 0; y + chunk_rows <= field.height; y += chunk_rows)
        for (core::Index x = 0; x + chunk_columns <= field.width; x += chunk_columns) {
            RawChunk& chunk =
                chunks.emplace_back(static_cast<std::size_t>(chunk_rows * chunk_columns));
            for (core::Index j = 0; j < chunk_rows; ++j)
                std::copy_n(field.v.data() + (y + j) * field.width + x, chunk_columns,
                            chunk.data() + j * chunk_columns);
        }
    return chunks;
}

struct CodecCase {
    const char* codec;
    int keep_bits; // 0: lossless
};

void add_case(Report& report, const CodecCase& c, std::vector<RawChunk> chunks, double seconds,
              double memcpy_mb) {
    const codec::FilterPipeline pipeline{.codec = codec::parse_codec(c.codec),
                                         .shuffle = true,
                                         .checksum = true,
                                         .element_size = sizeof(float)};
    if (c.keep_bits > 0)
        for (RawChunk& chunk : chunks)
            codec::round_mantissa(chunk.span(), c.keep_bits);
    const std::size_t raw_bytes = chunks.front().size() * sizeof(float);
    codec::ChunkEncoder encoder(pipeline, raw_bytes);
    codec::ChunkDecoder decoder(pipeline, raw_bytes);
    std::vector<core::AlignedBuffer<std::byte>> stored;
    std::vector<std::size_t> sizes(chunks.size());
    for (std::size_t i = 0; i < chunks.size(); ++i)
        stored.emplace_back(codec::ChunkEncoder::bound(pipeline, raw_bytes));
    const double encode = median_seconds(seconds, [&] {
        for (std::size_t i = 0; i < chunks.size(); ++i)
            sizes[i] = encoder.encode(std::as_bytes(chunks[i].span()), stored[i].span());
    });
    core::AlignedBuffer<std::byte> back(raw_bytes);
    const double decode = median_seconds(seconds, [&] {
        for (std::size_t i = 0; i < chunks.size(); ++i)
            decoder.decode(std::span<const std::byte>(stored[i].span()).first(sizes[i]),
                           back.span());
    });
    const double raw = static_cast<double>(raw_bytes * chunks.size());
    double total = 0.0;
    for (const std::size_t size : sizes)
        total += static_cast<double>(size);
    const double in = raw / encode / 1e6;
    const double out = raw / decode / 1e6;
    report.add_row({std::string(c.codec), std::int64_t{c.keep_bits}, raw / total, in, out,
                    100.0 * in / memcpy_mb, 100.0 * out / memcpy_mb});
}

} // namespace

Report measure_codec(const Context& context) {
    Report report("codec",
                  fmt::format("shuffle, codec, checksum on chunks of {} x {} f32, one thread",
                              chunk_rows, chunk_columns),
                  {{"codec", "codec"},
                   {"keep_bits", "bits kept"},
                   {"ratio", "ratio", 3},
                   {"encode_mb_per_s", "encode MB/s", 0},
                   {"decode_mb_per_s", "decode MB/s", 0},
                   {"encode_percent_of_memcpy", "encode % of memcpy", 1, Meaning::detail},
                   {"decode_percent_of_memcpy", "decode % of memcpy", 1, Meaning::detail}});
    const SampleField field =
        make_sample_field(2 * chunk_rows, 2 * chunk_columns,
                          context.brief() ? 100 : developed_steps, context.threads);
    const std::vector<RawChunk> chunks = cut(field);
    const double memcpy_mb = memcpy_rate(context.brief() ? small_array : 0, context.seconds) / 1e6;
    report.add_fact("memcpy_mb_per_s", "memcpy, one thread", memcpy_mb, "MB/s");
    for (const CodecCase& c :
         {CodecCase{"none", 0}, CodecCase{"deflate:1", 0}, CodecCase{"deflate:3", 0},
          CodecCase{"deflate:6", 0}, CodecCase{"zstd:1", 0}, CodecCase{"zstd:3", 0},
          CodecCase{"lz4", 0}, CodecCase{"deflate:1", 12}, CodecCase{"zstd:1", 12},
          CodecCase{"lz4", 12}}) {
        std::vector<RawChunk> own;
        for (const RawChunk& chunk : chunks) {
            own.emplace_back(chunk.size());
            std::memcpy(own.back().data(), chunk.data(), chunk.size() * sizeof(float));
        }
        add_case(report, c, std::move(own), context.seconds, memcpy_mb);
    }
    return report;
}

} // namespace morphogen::bench
