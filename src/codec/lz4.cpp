// Registered filter 32004 (H5Zlz4.c of The HDF Group's hdf5_plugins): 8 bytes raw size, 4 bytes
// block size, then per block 4 bytes stored size and the block; all sizes big-endian. A block whose
// stored size is its raw size is stored raw; the last block may be short.
#include "codec/block_codec.hpp"

#include <lz4.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace morphogen::codec {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t block_header_bytes = 4;

void put_big_endian(std::byte* out, std::uint64_t value, std::size_t bytes) noexcept {
    for (std::size_t i = 0; i < bytes; ++i)
        out[i] = static_cast<std::byte>((value >> (8 * (bytes - 1 - i))) & 0xff);
}

std::uint64_t get_big_endian(const std::byte* in, std::size_t bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
        value = value << 8 | std::to_integer<std::uint64_t>(in[i]);
    return value;
}

class Lz4Compressor final : public BlockCompressor {
public:
    Lz4Compressor()
        : state_(static_cast<std::size_t>(LZ4_sizeofState()) / sizeof(std::uint64_t) + 1) {}

    std::size_t compress(std::span<const std::byte> in, std::span<std::byte> out) override {
        const std::size_t block = std::clamp<std::size_t>(in.size(), 1, lz4_block_bytes);
        put_big_endian(out.data(), in.size(), 8);
        put_big_endian(out.data() + 8, block, 4);
        std::size_t used = header_bytes;
        for (std::size_t done = 0; done < in.size(); done += block)
            used += compress_block(in.subspan(done, std::min(block, in.size() - done)),
                                   out.data() + used);
        return used;
    }

    std::size_t memory() const noexcept override { return state_.size() * sizeof(std::uint64_t); }

private:
    std::size_t compress_block(std::span<const std::byte> in, std::byte* out) {
        const int raw = static_cast<int>(in.size()); // at most lz4_block_bytes
        std::byte* const body = out + block_header_bytes;
        // One byte less than raw: what does not shrink is stored raw, so the bound needs no room
        // for lz4's expansion.
        const int packed =
            LZ4_compress_fast_extState(state_.data(), reinterpret_cast<const char*>(in.data()),
                                       reinterpret_cast<char*>(body), raw, raw - 1, 1);
        const std::size_t bytes = packed > 0 ? static_cast<std::size_t>(packed) : in.size();
        if (packed <= 0) std::memcpy(body, in.data(), in.size());
        put_big_endian(out, bytes, block_header_bytes);
        return block_header_bytes + bytes;
    }

    std::vector<std::uint64_t> state_;
};

class Lz4Decompressor final : public BlockDecompressor {
public:
    void decompress(std::span<const std::byte> in, std::span<std::byte> out) override {
        if (in.size() < header_bytes) filter_failed("lz4", "the header is cut off");
        const std::uint64_t raw = get_big_endian(in.data(), 8);
        const std::uint64_t block = get_big_endian(in.data() + 8, 4);
        if (raw != out.size()) filter_failed("lz4", "the header's size is not the chunk's");
        if (block == 0 && raw > 0) filter_failed("lz4", "the block size is 0");
        in = in.subspan(header_bytes);
        for (std::size_t done = 0; done < out.size();) {
            const std::size_t length = std::min<std::size_t>(block, out.size() - done);
            in = in.subspan(decompress_block(in, out.subspan(done, length)));
            done += length;
        }
    }

    std::size_t memory() const noexcept override { return 0; }

private:
    /// Returns the bytes of @p in that the block takes.
    static std::size_t decompress_block(std::span<const std::byte> in, std::span<std::byte> out) {
        if (in.size() < block_header_bytes) filter_failed("lz4", "a block's header is cut off");
        const std::uint64_t bytes = get_big_endian(in.data(), block_header_bytes);
        in = in.subspan(block_header_bytes);
        if (bytes > in.size()) filter_failed("lz4", "a block is cut off");
        if (bytes == out.size()) {
            std::memcpy(out.data(), in.data(), out.size());
        } else {
            if (bytes > LZ4_MAX_INPUT_SIZE || out.size() > LZ4_MAX_INPUT_SIZE)
                filter_failed("lz4", "a block is too large");
            const int produced = LZ4_decompress_safe(
                reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out.data()),
                static_cast<int>(bytes), static_cast<int>(out.size()));
            if (produced < 0)
                filter_failed("lz4", "a block is damaged or holds more than its size");
            if (static_cast<std::size_t>(produced) != out.size())
                filter_failed("lz4", "a block holds less than its size");
        }
        return block_header_bytes + bytes;
    }
};

} // namespace

std::size_t lz4_bound(std::size_t bytes) noexcept {
    const std::size_t blocks = (bytes + lz4_block_bytes - 1) / lz4_block_bytes;
    return header_bytes + blocks * block_header_bytes + bytes;
}

std::unique_ptr<BlockCompressor> make_lz4_compressor() {
    return std::make_unique<Lz4Compressor>();
}

std::unique_ptr<BlockDecompressor> make_lz4_decompressor() {
    return std::make_unique<Lz4Decompressor>();
}

} // namespace morphogen::codec
