#include "codec/block_codec.hpp"
#include "codec/zlib_stream.hpp"

#include <libdeflate.h>

namespace morphogen::codec {
namespace {

/// libdeflate: better ratios, slower.
class DenseDeflate final : public BlockCompressor {
public:
    explicit DenseDeflate(int level)
        : context_(require_context(libdeflate_alloc_compressor(level), "libdeflate")) {}

    std::size_t compress(std::span<const std::byte> in, std::span<std::byte> out) override {
        const std::size_t bytes =
            libdeflate_zlib_compress(context_.get(), in.data(), in.size(), out.data(), out.size());
        return bytes > 0 ? bytes : zlib::write_stored_stream(in, out.data());
    }

    std::size_t memory() const noexcept override {
        return std::size_t{1} << 20;
    } // the library does not say

private:
    struct Free {
        void operator()(libdeflate_compressor* p) const noexcept { libdeflate_free_compressor(p); }
    };
    std::unique_ptr<libdeflate_compressor, Free> context_;
};

/// libdeflate: on this project's data 20 to 25 % faster than ISA-L's inflate.
class Inflate final : public BlockDecompressor {
public:
    Inflate() : context_(require_context(libdeflate_alloc_decompressor(), "libdeflate")) {}

    void decompress(std::span<const std::byte> in, std::span<std::byte> out) override {
        // A null pointer for the produced size asks for out.size() bytes exactly.
        switch (libdeflate_zlib_decompress(context_.get(), in.data(), in.size(), out.data(),
                                           out.size(), nullptr)) {
        case LIBDEFLATE_SUCCESS:
            return;
        case LIBDEFLATE_SHORT_OUTPUT:
            filter_failed("deflate", "the stream holds less than the chunk's size");
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            filter_failed("deflate", "the stream holds more than the chunk's size");
        default:
            filter_failed("deflate", "the stream is damaged or cut off");
        }
    }

    std::size_t memory() const noexcept override { return std::size_t{16} << 10; }

private:
    struct Free {
        void operator()(libdeflate_decompressor* p) const noexcept {
            libdeflate_free_decompressor(p);
        }
    };
    std::unique_ptr<libdeflate_decompressor, Free> context_;
};

} // namespace

std::size_t deflate_bound(std::size_t bytes) noexcept {
    return zlib::stored_size(bytes);
}

std::unique_ptr<BlockCompressor> make_deflate_compressor(int level, std::size_t planes) {
    if (level <= 2) return make_fast_deflate(level, planes);
    // libdeflate's 1 is smaller than zlib's 3 already, and faster.
    return std::make_unique<DenseDeflate>(level == 3 ? 1 : level);
}

std::unique_ptr<BlockDecompressor> make_deflate_decompressor() {
    return std::make_unique<Inflate>();
}

} // namespace morphogen::codec
