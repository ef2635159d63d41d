#include "bench/chunk_rates.hpp"

#include "morphogen/codec/decoder.hpp"
#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/checked_cast.hpp"
#include "morphogen/parallel/team.hpp"

#include "bench/timing.hpp"

#include <algorithm>

namespace morphogen::bench {
namespace {

/// One thread's.
struct Decoding {
    Decoding(const codec::FilterPipeline& filters, std::size_t bytes)
        : decoder(filters, bytes), raw(bytes) {}
    codec::ChunkDecoder decoder;
    ChunkBytes raw;
};
struct Encoding {
    Encoding(const codec::FilterPipeline& filters, std::size_t bytes)
        : encoder(filters, bytes), stored(codec::ChunkEncoder::bound(filters, bytes)) {}
    codec::ChunkEncoder encoder;
    ChunkBytes stored;
};

/// Bytes per second of work(thread), which does @p bytes on each of @p threads.
template <typename Work>
double rate(std::size_t bytes, int threads, double seconds, Work&& work) {
    parallel::Team team(threads);
    const double all = static_cast<double>(bytes) * static_cast<double>(team.size());
    return all / median_seconds(seconds, [&] { team.run(work); });
}

} // namespace

std::vector<ChunkBytes> stored_chunks(const store::DatasetReader& data, std::size_t most) {
    std::vector<ChunkBytes> chunks;
    for (const store::BlockId id : data.blocks_in(core::NdBox::whole(data.shape()))) {
        if (chunks.size() == most) break;
        const store::StoredBlock stored = data.stored(id);
        chunks.emplace_back(core::checked_cast<std::size_t>(stored.bytes));
        data.read_stored(id, stored, chunks.back().span());
    }
    return chunks;
}

double decode_rate(std::span<const ChunkBytes> stored, const codec::FilterPipeline& filters,
                   std::size_t chunk_bytes, int threads, double seconds) {
    std::vector<Decoding> tools;
    for (int i = 0; i < threads; ++i)
        tools.emplace_back(filters, chunk_bytes);
    return rate(chunk_bytes * stored.size(), threads, seconds, [&](int thread) {
        Decoding& tool = tools[static_cast<std::size_t>(thread)];
        for (const ChunkBytes& chunk : stored)
            tool.decoder.decode(chunk.span(), tool.raw.span());
    });
}

double decode_rate_to(std::span<std::byte> array, std::span<const ChunkBytes> stored,
                      const codec::FilterPipeline& filters, std::size_t chunk_bytes,
                      double seconds) {
    codec::ChunkDecoder decoder(filters, chunk_bytes);
    const auto all = static_cast<double>(chunk_bytes * stored.size());
    return all / median_seconds(seconds, [&] {
               for (std::size_t i = 0; i < stored.size(); ++i)
                   decoder.decode(stored[i].span(), array.subspan(i * chunk_bytes, chunk_bytes));
           });
}

double encode_rate(std::span<const ChunkBytes> raw, const codec::FilterPipeline& filters,
                   int threads, double seconds) {
    std::vector<Encoding> tools;
    for (int i = 0; i < threads; ++i)
        tools.emplace_back(filters, raw.front().size());
    return rate(raw.front().size() * raw.size(), threads, seconds, [&](int thread) {
        Encoding& tool = tools[static_cast<std::size_t>(thread)];
        for (const ChunkBytes& chunk : raw)
            tool.encoder.encode(chunk.span(), tool.stored.span());
    });
}

} // namespace morphogen::bench
