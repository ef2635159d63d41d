#include "rework/rechunk_job.hpp"

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/rework/block_stream.hpp"

#include "rework/chunk_writer.hpp"
#include "rework/shared_output.hpp"
#include "rework/shuffled_slab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using store::DatasetReader;

Dims clipped_chunk(Dims chunk, const Dims& shape) {
    for (int a = 0; a < chunk.rank(); ++a)
        chunk[a] = std::clamp<Index>(shape[a], 1, chunk[a]);
    return chunk;
}

/// @p wanted, or those that the dataset has, or the default.
codec::FilterPipeline filters_for(const std::optional<codec::Codec>& wanted,
                                  const DatasetReader& reader) {
    const std::size_t element = reader.element_size();
    if (wanted)
        return {.codec = *wanted, .shuffle = true, .checksum = true, .element_size = element};
    const auto& pieces = reader.pieces();
    const bool chunked = !pieces.empty() && pieces.front().decodable;
    const auto own = chunked ? store::encodable(pieces.front().filters, element) : std::nullopt;
    return own.value_or(codec::FilterPipeline{.element_size = element});
}

std::size_t chunk_bytes(const RechunkJob& job) {
    return static_cast<std::size_t>(core::volume(job.layout.chunk)) * job.reader->element_size();
}

/// What travels between ranks at once.
std::size_t message_bytes(const RechunkJob& job) {
    if (job.layout.chunk.rank() == 0)
        return std::max(SharedOutput::box_bytes, job.reader->element_size());
    return codec::ChunkEncoder::bound(*job.layout.filters, chunk_bytes(job));
}

/// Bytes besides the slab and what is read ahead.
std::uint64_t fixed_memory(const RechunkJob& job, int threads) {
    std::uint64_t bytes = BlockStream::least_memory(*job.reader, threads);
    if (job.layout.chunk.rank() > 0)
        bytes += ChunkWriter::memory(*job.layout.filters, chunk_bytes(job), threads);
    if (job.ranks > 1) bytes += SharedOutput::memory(message_bytes(job));
    return bytes;
}

/// The smallest slab: one new chunk, or a row of elements where there are none.
Dims smallest_slab(const RechunkJob& job) {
    return job.layout.chunk.rank() > 0 ? job.layout.chunk : [&] {
        Dims row(job.reader->shape().rank(), 1);
        row[row.rank() - 1] = std::max<Index>(job.reader->shape()[row.rank() - 1], 1);
        return row;
    }();
}

/// Bytes; larger slabs gain nothing if they do not save decoding.
constexpr std::uint64_t enough_for_a_slab = std::uint64_t{128} << 20;

/// A slab for every rank, if that costs less decoding than it saves time.
void share(RechunkJob& job, std::uint64_t most,
           const std::function<SlabPlan(std::uint64_t bytes)>& plan_within) {
    if (job.plan.slabs.size() >= job.ranks) return;
    const auto slab =
        static_cast<std::uint64_t>(core::volume(smallest_slab(job))) * job.reader->element_size();
    for (int parts = job.ranks; parts <= 4 * job.ranks; parts *= 2) { // slabs are whole chunks
        const std::uint64_t part = job.reader->raw_bytes() / static_cast<std::uint64_t>(parts);
        SlabPlan finer = plan_within(std::clamp(part, slab, most));
        if (finer.passes >= job.plan.passes * job.ranks) return;
        const bool enough = finer.slabs.size() >= job.ranks;
        if (finer.slabs.size() > job.plan.slabs.size()) job.plan = finer;
        if (enough) return;
    }
}

/// Threads and slabs for the memory there is.
void plan(RechunkJob& job, const RechunkOptions& options) {
    const DatasetReader& reader = *job.reader;
    const Dims unit = smallest_slab(job);
    const auto slab = static_cast<std::uint64_t>(core::volume(unit)) * reader.element_size();
    Index blocks = 0;
    for (const store::DatasetPiece& piece : reader.pieces())
        blocks += piece.grid.size();
    job.threads = useful_threads(options.threads, blocks, reader.raw_bytes());
    // Half of it for slabs: what is decoded twice costs more than an idle thread.
    while (job.threads > 1 &&
           fixed_memory(job, job.threads) > std::max(options.memory / 2, slab) - slab)
        --job.threads;
    const std::uint64_t fixed = fixed_memory(job, job.threads);
    if (fixed + slab > options.memory)
        throw core::UsageError(core::ErrorText{
            .what = "not enough memory to rechunk",
            .where = fmt::format("{}, {}", reader.file().path().native(), reader.info().path),
            .why = fmt::format("{} is the least for blocks of {} and new chunks of {}, {} may be "
                               "used",
                               core::format_size(fixed + slab),
                               core::format_size(reader.block_bytes()), core::format_size(slab),
                               core::format_size(options.memory)),
            .advice = "give more --memory, or choose smaller chunks"});
    // Read ahead where that is cheap.
    const std::uint64_t ahead =
        std::min((options.memory - fixed - slab) / 16,
                 (static_cast<std::uint64_t>(job.threads) + 1) * reader.stored_bound());
    job.stream_memory = BlockStream::least_memory(reader, job.threads) + ahead;
    const Dims block = reader.pieces().empty() ? unit : reader.pieces().front().grid.chunk();
    const std::uint64_t most = options.memory - fixed - ahead;
    const auto plan_within = [&](std::uint64_t bytes) {
        return plan_slabs(reader.shape(), block, unit,
                          static_cast<Index>(bytes / reader.element_size()));
    };
    // Memory that was never touched costs time too: no more of it than saves decoding.
    job.plan = plan_within(std::clamp(enough_for_a_slab, slab, most));
    if (job.plan.passes > 1.0) job.plan = plan_within(most);
    share(job, most, plan_within);
    job.shuffled =
        job.layout.filters && suits_shuffled_slab(*job.layout.filters, job.layout.chunk, block);
}

} // namespace

RechunkJob plan_rechunk(std::unique_ptr<DatasetReader> reader, const RechunkOptions& options,
                        int ranks) {
    RechunkJob job;
    job.ranks = ranks;
    job.reader = std::move(reader);
    if (!options.contiguous) {
        job.layout.chunk = clipped_chunk(Dims::from(options.chunks), job.reader->shape());
        job.layout.filters = filters_for(options.codec, *job.reader);
    }
    plan(job, options);
    return job;
}

RechunkJob plan_copy(std::unique_ptr<DatasetReader> reader, const RechunkOptions& options,
                     int ranks) {
    RechunkJob job;
    job.ranks = ranks;
    job.reader = std::move(reader);
    job.asked_for = false;
    const auto& pieces = job.reader->pieces();
    const bool chunked = !pieces.empty() && pieces.front().chunked;
    const store::DatasetInfo& info = job.reader->info();
    if (chunked || info.max_shape != info.shape) { // only chunks can grow
        job.layout.chunk = clipped_chunk(pieces.empty() ? Dims(job.reader->shape().rank(), 1)
                                                        : pieces.front().grid.chunk(),
                                         job.reader->shape());
        job.layout.filters = filters_for({}, *job.reader);
    }
    plan(job, options);
    return job;
}

} // namespace morphogen::rework
