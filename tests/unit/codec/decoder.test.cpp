#include "morphogen/codec/decoder.hpp"

#include "morphogen/codec/encoder.hpp"
#include "morphogen/codec/fletcher32.hpp"
#include "morphogen/codec/shuffle.hpp"
#include "morphogen/core/error.hpp"

#include "catch.hpp"
#include "inputs.hpp"

#include <libdeflate.h>
#include <lz4.h>
#include <zstd.h>

#include <memory>

using namespace morphogen;
using namespace morphogen::codec;
using namespace morphogen::codec::test;

namespace {

const std::vector<Codec> codecs{{Compressor::none, 0},
                                {Compressor::deflate, 1},
                                {Compressor::deflate, 6},
                                {Compressor::zstd, 1},
                                {Compressor::lz4, 0}};

Bytes encode(const FilterPipeline& pipeline, const Bytes& raw) {
    Bytes stored(ChunkEncoder::bound(pipeline, raw.size()));
    stored.resize(ChunkEncoder(pipeline, raw.size()).encode(raw, stored));
    return stored;
}

/// A copy in memory of exactly its size, so that the sanitizer sees every byte read past its end.
struct Exact {
    explicit Exact(std::span<const std::byte> bytes)
        : data(new std::byte[bytes.size()]), size(bytes.size()) {
        std::copy(bytes.begin(), bytes.end(), data.get());
    }
    std::span<std::byte> span() { return {data.get(), size}; }
    std::unique_ptr<std::byte[]> data;
    std::size_t size;
};

/// Whether the decoder threw an Error; another exception, or a crash, ends the test.
bool refused(ChunkDecoder& decoder, std::span<const std::byte> stored, std::span<std::byte> raw) {
    try {
        decoder.decode(stored, raw);
    } catch (const core::Error&) {
        return true;
    }
    return false;
}

void append_checksum(Bytes& bytes, std::uint32_t sum) {
    for (int i = 0; i < 4; ++i)
        bytes.push_back(static_cast<std::byte>((sum >> (8 * i)) & 0xff));
}

void append_big_endian(Bytes& bytes, std::uint64_t value, int count) {
    for (int i = count - 1; i >= 0; --i)
        bytes.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
}

} // namespace

TEST_CASE("a chunk cut off anywhere is refused") {
    for (const Codec& codec : codecs)
        for (const bool checksum : {false, true}) {
            const FilterPipeline pipeline{codec, true, checksum, 4};
            CAPTURE(to_string(codec), checksum);
            const Bytes raw = field_bytes(3000);
            const Bytes stored = encode(pipeline, raw);
            ChunkDecoder decoder(pipeline, raw.size());
            Exact out(raw);
            for (std::size_t size = 0; size < stored.size(); ++size) {
                CAPTURE(size);
                Exact cut{std::span(stored).first(size)};
                REQUIRE(refused(decoder, cut.span(), out.span()));
            }
            REQUIRE_FALSE(refused(decoder, stored, out.span()));
        }
}

TEST_CASE("any flipped bit is noticed by the checksum and harms nothing without it") {
    for (const Codec& codec : codecs)
        for (const bool checksum : {false, true}) {
            const FilterPipeline pipeline{codec, true, checksum, 4};
            CAPTURE(to_string(codec), checksum);
            const Bytes raw = field_bytes(2000);
            Exact stored(encode(pipeline, raw));
            ChunkDecoder decoder(pipeline, raw.size());
            Exact out(raw);
            for (std::size_t bit = 0; bit < 8 * stored.size; bit += 3) {
                const auto flip = static_cast<std::byte>(1U << (bit % 8));
                stored.data[bit / 8] ^= flip;
                const bool noticed = refused(decoder, stored.span(), out.span());
                stored.data[bit / 8] ^= flip;
                CAPTURE(bit);
                if (checksum) REQUIRE(noticed);
            }
        }
}

TEST_CASE("random bytes never decode to more than the chunk") {
    for (const Codec& codec : codecs) {
        const FilterPipeline pipeline{codec, true, false, 4};
        ChunkDecoder decoder(pipeline, 1000);
        Exact out(Bytes(1000));
        for (std::uint32_t seed = 0; seed < 2000; ++seed) {
            Exact stored(random_bytes(seed % 400, seed));
            if (stored.size > 12 && codec.compressor == Compressor::lz4)
                for (std::size_t i = 0; i < 12; ++i)
                    stored.data[i] = i == 6   ? std::byte{3}
                                     : i == 7 ? std::byte{0xe8}
                                              : std::byte{0};
            refused(decoder, stored.span(), out.span());
        }
    }
}

TEST_CASE("streams that hold more or less than the chunk are refused by name") {
    for (const Codec& codec : codecs) {
        if (codec.compressor == Compressor::none) continue;
        const FilterPipeline pipeline{codec, false, false, 4};
        const std::string filter = to_string(codec).substr(0, to_string(codec).find(':'));
        CAPTURE(filter);
        ChunkDecoder decoder(pipeline, 2000);
        const Bytes stored = encode(pipeline, Bytes(1000));
        Exact less(Bytes(999)), more(Bytes(1001));
        CHECK_THROWS_WITH(decoder.decode(stored, less.span()),
                          Catch::Contains(filter + " filter failed"));
        CHECK_THROWS_WITH(decoder.decode(stored, more.span()),
                          Catch::Contains(filter + " filter failed"));
    }
    // A bomb: 100 MB of zeros in some kB of deflate.
    const FilterPipeline deflate{{Compressor::deflate, 1}, false, false, 4};
    const Bytes bomb = encode(deflate, Bytes(100'000'000));
    REQUIRE(bomb.size() < 1'000'000);
    ChunkDecoder decoder(deflate, 4096);
    Exact out(Bytes(4096));
    CHECK_THROWS_WITH(decoder.decode(bomb, out.span()), Catch::Contains("more than the chunk"));
    ChunkDecoder none(FilterPipeline{{Compressor::none, 0}, false, false, 4}, 4096);
    CHECK_THROWS_WITH(none.decode(bomb, out.span()),
                      Catch::Contains("wrong size") && Catch::Contains("4096"));
}

TEST_CASE("the byte-swapped checksum of old HDF5 versions is accepted") {
    const FilterPipeline pipeline{{Compressor::none, 0}, false, true, 4};
    const Bytes raw = field_bytes(999);
    Bytes stored = raw;
    append_checksum(stored, fletcher32_swapped(fletcher32(raw)));
    ChunkDecoder decoder(pipeline, raw.size());
    Bytes back(raw.size());
    decoder.decode(stored, back);
    CHECK(back == raw);
    stored.back() ^= std::byte{1};
    CHECK_THROWS_WITH(decoder.decode(stored, back), Catch::Contains("fletcher32 filter failed"));
}

TEST_CASE("masked filters are skipped") {
    const FilterPipeline pipeline{{Compressor::deflate, 1}, true, true, 4};
    const Bytes raw = field_bytes(1200);
    ChunkDecoder decoder(pipeline, raw.size());
    Bytes back(raw.size());
    decoder.decode(raw, back, 0b111);
    CHECK(back == raw);
    decoder.decode(encode({{Compressor::none, 0}, true, false, 4}, raw), back, 0b110);
    CHECK(back == raw);
    decoder.decode(encode({{Compressor::deflate, 3}, false, true, 4}, raw), back, 0b001);
    CHECK(back == raw);
    decoder.decode(encode({{Compressor::deflate, 3}, true, false, 4}, raw), back, 0b100);
    CHECK(back == raw);
}

TEST_CASE("a chunk decoded but for the last unshuffle is the chunk") {
    const Bytes raw = field_bytes(2403); // three bytes after the last whole element
    for (const Codec& codec : codecs)
        for (const bool shuffle : {false, true})
            for (const bool checksum : {false, true}) {
                CAPTURE(to_string(codec), shuffle, checksum);
                const FilterPipeline pipeline{codec, shuffle, checksum, 4};
                ChunkDecoder decoder(pipeline, raw.size());
                Exact stored(encode(pipeline, raw));
                Exact out(Bytes(raw.size()));
                const ShuffledBytes found = decoder.decode_shuffled(stored.span(), out.span());
                CHECK(found.element_size == (shuffle ? 4 : 1));
                Bytes back(raw.size());
                unshuffle_bytes(found.bytes, back, found.element_size);
                CHECK(back == raw);
                const bool in_place = codec.compressor != Compressor::none && !shuffle;
                CHECK((found.bytes.data() == out.data.get()) == in_place);
            }
}

TEST_CASE("filters are undone in any order") {
    const Hdf5Filter shuffle_filter{2, true, {4}, "shuffle"};
    const Hdf5Filter shuffle_two{2, true, {2}, "shuffle"};
    const Hdf5Filter deflate{1, true, {6}, "deflate"};
    const Hdf5Filter fletcher{3, false, {}, "fletcher32"};
    const Bytes raw = field_bytes(4001);
    const auto apply = [](const std::vector<Hdf5Filter>& filters, Bytes data) {
        for (const Hdf5Filter& f : filters) {
            if (f.id == 3)
                append_checksum(data, fletcher32(data));
            else if (f.id == 1)
                data = encode({{Compressor::deflate, 6}, false, false, 1}, data);
            else {
                Bytes moved(data.size());
                shuffle_bytes(data, moved, f.values[0]);
                data = moved;
            }
        }
        return data;
    };
    const std::vector<std::vector<Hdf5Filter>> orders{
        {fletcher, deflate},
        {fletcher, shuffle_filter, deflate},
        {shuffle_filter, fletcher, deflate, fletcher},
        {shuffle_filter, shuffle_two},
        {shuffle_filter, shuffle_two, deflate, fletcher},
        {fletcher, shuffle_filter, fletcher, shuffle_two, fletcher, deflate, fletcher}};
    for (const auto& filters : orders) {
        ChunkDecoder decoder(filters, raw.size());
        Exact out(Bytes(raw.size()));
        decoder.decode(apply(filters, raw), out.span());
        CHECK(std::equal(raw.begin(), raw.end(), out.data.get()));
    }
}

TEST_CASE("pipelines that cannot be decoded here are refused by filter") {
    const auto supports = [](std::vector<Hdf5Filter> filters) {
        return ChunkDecoder::supports(filters);
    };
    const auto make = [](std::vector<Hdf5Filter> filters) { return ChunkDecoder(filters, 100); };
    const Hdf5Filter deflate{1, true, {1}, "deflate"};
    CHECK(supports({}));
    CHECK(supports({{2, true, {4}, ""}, deflate, {3, false, {}, ""}}));
    CHECK(supports(hdf5_filters({{Compressor::lz4, 0}, true, true, 4})));
    CHECK_FALSE(supports({{4, false, {}, "szip"}}));
    CHECK_THROWS_WITH(make({{4, false, {}, "szip"}}), Catch::Contains("4, szip"));
    CHECK_FALSE(supports({{2, true, {}, "shuffle"}}));
    CHECK_THROWS_WITH(make({{2, true, {}, "shuffle"}}), Catch::Contains("no element size"));
    CHECK_FALSE(supports({{2, true, {0}, "shuffle"}}));
    CHECK_THROWS_AS(make({{2, true, {0}, "shuffle"}}), core::Error);
    CHECK_FALSE(supports({deflate, deflate}));
    CHECK_THROWS_WITH(make({deflate, deflate}), Catch::Contains("second compressor"));
    const Hdf5Filter shuffle{2, true, {4}, "shuffle"};
    CHECK_FALSE(supports({deflate, {3, false, {}, ""}, shuffle}));
    CHECK_THROWS_WITH(make({deflate, shuffle}), Catch::Contains("after a compressor"));
    CHECK_FALSE(supports(std::vector<Hdf5Filter>(33, Hdf5Filter{3, false, {}, ""})));
    CHECK_THROWS_WITH(make(std::vector<Hdf5Filter>(33, Hdf5Filter{3, false, {}, ""})),
                      Catch::Contains("32"));
}

TEST_CASE("lz4 chunks have the registered plugin's layout") {
    const FilterPipeline pipeline{{Compressor::lz4, 0}, false, false, 4};
    // Written here as the plugin documents it: two blocks of 1000 and 500 bytes, the second one
    // stored raw.
    const Bytes zeros(1000);
    const Bytes noise = random_bytes(500);
    Bytes packed(200);
    const int bytes = LZ4_compress_default(reinterpret_cast<const char*>(zeros.data()),
                                           reinterpret_cast<char*>(packed.data()), 1000, 200);
    REQUIRE(bytes > 0);
    packed.resize(static_cast<std::size_t>(bytes));
    Bytes stored;
    append_big_endian(stored, 1500, 8);
    append_big_endian(stored, 1000, 4);
    append_big_endian(stored, packed.size(), 4);
    stored.insert(stored.end(), packed.begin(), packed.end());
    append_big_endian(stored, 500, 4);
    stored.insert(stored.end(), noise.begin(), noise.end());
    Bytes raw = zeros;
    raw.insert(raw.end(), noise.begin(), noise.end());
    Bytes back(1500);
    ChunkDecoder decoder(pipeline, 1500);
    decoder.decode(stored, back);
    CHECK(back == raw);

    // And read here as the plugin would: one block, its size at most the chunk's.
    const Bytes ours = encode(pipeline, field_bytes(1200));
    REQUIRE(ours.size() > 16);
    CHECK(std::equal(ours.begin(), ours.begin() + 12,
                     Bytes{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
                           std::byte{0}, std::byte{4}, std::byte{0xb0}, std::byte{0}, std::byte{0},
                           std::byte{4}, std::byte{0xb0}}
                         .begin()));
    stored[11] = std::byte{0};
    stored[10] = std::byte{0};
    CHECK_THROWS_WITH(decoder.decode(stored, back), Catch::Contains("block size is 0"));
}

TEST_CASE("zstd chunks are one frame that knows its content size") {
    const FilterPipeline pipeline{{Compressor::zstd, 3}, false, false, 4};
    const Bytes raw = field_bytes(5000);
    const Bytes stored = encode(pipeline, raw);
    CHECK(ZSTD_getFrameContentSize(stored.data(), stored.size()) == raw.size());
    CHECK(ZSTD_findFrameCompressedSize(stored.data(), stored.size()) == stored.size());
    Bytes back(raw.size());
    CHECK(ZSTD_decompress(back.data(), back.size(), stored.data(), stored.size()) == raw.size());
    CHECK(back == raw);
    // A frame without content size, as streaming writers make: decoded all the same.
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                       &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
    Bytes other(ZSTD_compressBound(raw.size()));
    other.resize(ZSTD_compress2(context.get(), other.data(), other.size(), raw.data(), raw.size()));
    REQUIRE(ZSTD_getFrameContentSize(other.data(), other.size()) == ZSTD_CONTENTSIZE_UNKNOWN);
    ChunkDecoder decoder(pipeline, 6000);
    std::fill(back.begin(), back.end(), std::byte{0});
    decoder.decode(other, back);
    CHECK(back == raw);
}
