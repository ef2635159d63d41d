#include "codec/block_codec.hpp"

#include <zstd.h>

#include <vector>

namespace morphogen::codec {
namespace {

/// @throws core::Error: only memory can fail, the output always fits.
std::size_t require(std::size_t result) {
    if (ZSTD_isError(result)) filter_failed("zstd", ZSTD_getErrorName(result));
    return result;
}

class ZstdCompressor final : public BlockCompressor {
public:
    ZstdCompressor(int level, std::size_t max_bytes)
        : context_(require_context(ZSTD_createCCtx(), "zstd")) {
        require(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level));
        // zstd sizes its tables at the first block, by that block's size: let that be now.
        const std::vector<std::byte> zeros(max_bytes);
        std::vector<std::byte> out(zstd_bound(max_bytes));
        compress(zeros, out);
    }

    std::size_t compress(std::span<const std::byte> in, std::span<std::byte> out) override {
        return require(
            ZSTD_compress2(context_.get(), out.data(), out.size(), in.data(), in.size()));
    }

    std::size_t memory() const noexcept override { return ZSTD_sizeof_CCtx(context_.get()); }

private:
    struct Free {
        void operator()(ZSTD_CCtx* p) const noexcept { ZSTD_freeCCtx(p); }
    };
    std::unique_ptr<ZSTD_CCtx, Free> context_;
};

class ZstdDecompressor final : public BlockDecompressor {
public:
    ZstdDecompressor() : context_(require_context(ZSTD_createDCtx(), "zstd")) {}

    void decompress(std::span<const std::byte> in, std::span<std::byte> out) override {
        const unsigned long long content = ZSTD_getFrameContentSize(in.data(), in.size());
        if (content == ZSTD_CONTENTSIZE_ERROR) filter_failed("zstd", "this is no zstd frame");
        if (content != ZSTD_CONTENTSIZE_UNKNOWN && content > out.size())
            filter_failed("zstd", "the frame holds more than the chunk's size");
        const std::size_t bytes =
            ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), in.data(), in.size());
        if (ZSTD_isError(bytes)) filter_failed("zstd", ZSTD_getErrorName(bytes));
        if (bytes != out.size())
            filter_failed("zstd", "the frame holds less than the chunk's size");
    }

    std::size_t memory() const noexcept override { return ZSTD_sizeof_DCtx(context_.get()); }

private:
    struct Free {
        void operator()(ZSTD_DCtx* p) const noexcept { ZSTD_freeDCtx(p); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> context_;
};

} // namespace

std::size_t zstd_bound(std::size_t bytes) noexcept {
    return ZSTD_compressBound(bytes);
}

std::unique_ptr<BlockCompressor> make_zstd_compressor(int level, std::size_t max_bytes) {
    return std::make_unique<ZstdCompressor>(level, max_bytes);
}

std::unique_ptr<BlockDecompressor> make_zstd_decompressor() {
    return std::make_unique<ZstdDecompressor>();
}

} // namespace morphogen::codec
