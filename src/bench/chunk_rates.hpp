#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/store/dataset_reader.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace morphogen::bench {

using ChunkBytes = core::AlignedBuffer<std::byte>;

/// The first @p most chunks of a dataset as they are stored. @throws core::Error
std::vector<ChunkBytes> stored_chunks(const store::DatasetReader& data, std::size_t most);

/// Raw bytes per second of decoding @p stored into one buffer, chunk after chunk, by each of
/// @p threads threads at the same time, all together.
double decode_rate(std::span<const ChunkBytes> stored, const codec::FilterPipeline& filters,
                   std::size_t chunk_bytes, int threads, double seconds);

/// The same by one thread from memory to memory: chunk n into the n-th part of @p array.
double decode_rate_to(std::span<std::byte> array, std::span<const ChunkBytes> stored,
                      const codec::FilterPipeline& filters, std::size_t chunk_bytes,
                      double seconds);

/// Raw bytes per second, like decode_rate(), of encoding @p raw.
double encode_rate(std::span<const ChunkBytes> raw, const codec::FilterPipeline& filters,
                   int threads, double seconds);

} // namespace morphogen::bench
