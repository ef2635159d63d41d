#include "decode.hpp"

#include <array>

// Input: number of filters (modulo 9), per filter its kind and one client value, the filter mask,
// two bytes of raw size, then what is stored. Everything a file's header can say about a chunk.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace morphogen;
    constexpr std::array ids{2U, 3U, 1U, 32004U, 32015U, 4U, 0U, 65535U};
    std::span<const std::uint8_t> input(data, size);
    if (size == 0 || size > fuzz::most_bytes) return 0;
    const std::size_t count = input[0] % 9U;
    if (input.size() < 1 + 2 * count + 3) return 0;
    std::vector<codec::Hdf5Filter> filters;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t kind = input[1 + 2 * i];
        const unsigned value = input[2 + 2 * i];
        codec::Hdf5Filter filter{ids[kind % ids.size()], false, {}, "fuzzed"};
        if (kind < 128) filter.values.push_back(value == 255 ? 0xffffffffU : value);
        filters.push_back(filter);
    }
    input = input.subspan(1 + 2 * count);
    const std::uint32_t mask = input[0];
    const std::size_t raw_bytes = input[1] | static_cast<std::size_t>(input[2]) << 8;
    try {
        codec::ChunkDecoder decoder(filters, raw_bytes);
        if (!codec::ChunkDecoder::supports(filters)) std::abort(); // the two must agree
        fuzz::decode_guarded(decoder, std::as_bytes(input.subspan(3)), raw_bytes, mask);
    } catch (const core::Error&) {
        if (codec::ChunkDecoder::supports(filters)) std::abort();
    }
    return 0;
}
