#include "morphogen/codec/shuffle.hpp"

#include "catch.hpp"
#include "inputs.hpp"

using namespace morphogen::codec;
using namespace morphogen::codec::test;

namespace {

/// The definition, byte by byte (H5Zshuffle.c's meaning).
Bytes reference_shuffle(const Bytes& in, std::size_t size) {
    Bytes out = in;
    const std::size_t count = in.size() / size;
    for (std::size_t e = 0; e < count; ++e)
        for (std::size_t b = 0; b < size; ++b)
            out[b * count + e] = in[e * size + b];
    return out;
}

} // namespace

TEST_CASE("shuffle is the definition and unshuffle its inverse for every size") {
    for (std::size_t element : Sizes{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 24, 100, 9000})
        for (std::size_t size :
             Sizes{0, 1, 2, 3, 15, 16, 17, 63, 64, 65, 255, 256, 257, 1023, 4096, 20011, 40000}) {
            CAPTURE(element, size);
            const Bytes in = random_bytes(size);
            Bytes out(size), back(size);
            shuffle_bytes(in, out, element);
            REQUIRE(out == reference_shuffle(in, element));
            unshuffle_bytes(out, back, element);
            REQUIRE(back == in);
        }
}

TEST_CASE("a chunk shuffled row by row is the chunk shuffled at once") {
    for (std::size_t element : Sizes{1, 2, 3, 4, 8, 16})
        for (std::size_t width : Sizes{1, 5, 15, 16, 17, 31, 32, 33, 60, 64, 101}) {
            constexpr std::size_t rows = 7;
            CAPTURE(element, width);
            const Bytes in = random_bytes(rows * width * element);
            Bytes out(in.size() + 64, std::byte{0x5a}); // nothing may be written behind it
            for (std::size_t row = 0; row < rows; ++row)
                shuffle_part(std::span(in).subspan(row * width * element, width * element),
                             std::span(out).first(in.size()), row * width, element);
            Bytes expected = reference_shuffle(in, element);
            expected.resize(out.size(), std::byte{0x5a});
            REQUIRE(out == expected);
            Bytes back(in.size() + 64, std::byte{0x5a});
            for (std::size_t row = 0; row < rows; ++row)
                unshuffle_part(std::span(out).first(in.size()), row * width,
                               std::span(back).subspan(row * width * element, width * element),
                               element);
            Bytes unshuffled = in;
            unshuffled.resize(back.size(), std::byte{0x5a});
            REQUIRE(back == unshuffled);
        }
}

TEST_CASE("a part of no elements changes nothing") {
    Bytes out(64, std::byte{0x5a});
    shuffle_part({}, out, 16, 4);
    unshuffle_part(out, 16, {}, 4);
    CHECK(out == Bytes(64, std::byte{0x5a}));
}
