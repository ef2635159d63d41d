#pragma once

#include "morphogen/codec/decoder.hpp"
#include "morphogen/codec/fletcher32.hpp"
#include "morphogen/core/error.hpp"

#include "guarded.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

/// Untrusted chunks: whatever they hold, the decoder fills the chunk or throws core::Error, within
/// bounds.
namespace morphogen::fuzz {

inline constexpr std::size_t most_bytes = std::size_t{1} << 16;

/// Decodes from and into guarded memory. Bytes before the chunk must stay as they are too.
inline void decode_guarded(codec::ChunkDecoder& decoder, std::span<const std::byte> stored,
                           std::size_t raw_bytes, std::uint32_t mask) {
    static Guarded in(2 * most_bytes);
    static Guarded out(2 * most_bytes);
    const auto around = out.last(raw_bytes + 64);
    std::fill(around.begin(), around.begin() + 64, std::byte{0xa5});
    try {
        decoder.decode(in.copy(stored), out.last(raw_bytes), mask);
    } catch (const core::Error&) {
        // The expected answer to nearly every input.
    }
    if (!std::all_of(around.begin(), around.begin() + 64,
                     [](std::byte b) { return b == std::byte{0xa5}; }))
        std::abort();
}

/// Input of a target for one compressor: one byte of choices (bit 0 shuffle, bit 1 checksum, bits 2
/// to 4 element size less one), two of raw size, then what is stored; a chosen checksum is appended
/// here, or hardly any input would get past it.
inline int decode_compressor(codec::Codec compressor, std::span<const std::byte> input) {
    if (input.size() < 3 || input.size() > most_bytes) return 0;
    const auto choice = std::to_integer<unsigned>(input[0]) & 0x1fU;
    const std::size_t raw_bytes =
        std::to_integer<std::size_t>(input[1]) | std::to_integer<std::size_t>(input[2]) << 8;
    const codec::FilterPipeline pipeline{compressor, (choice & 1U) != 0, (choice & 2U) != 0,
                                         (choice >> 2) + 1};
    static std::map<unsigned, codec::ChunkDecoder>
        decoders; // one per choice: as in use, a decoder sees many chunks
    codec::ChunkDecoder& decoder = decoders.try_emplace(choice, pipeline, most_bytes).first->second;
    std::vector<std::byte> stored(input.begin() + 3, input.end());
    if (pipeline.checksum) {
        const std::uint32_t sum = codec::fletcher32(stored);
        for (int i = 0; i < 4; ++i)
            stored.push_back(static_cast<std::byte>((sum >> (8 * i)) & 0xff));
    }
    decode_guarded(decoder, stored, raw_bytes, 0);
    return 0;
}

} // namespace morphogen::fuzz
