#include "codec/compressibility.hpp"

#include "catch.hpp"
#include "inputs.hpp"

#include <algorithm>

using namespace morphogen::codec;
using namespace morphogen::codec::test;

namespace {

constexpr std::size_t segment = 65536;
constexpr double worth = 0.02;

} // namespace

TEST_CASE("noise is not worth compressing") {
    for (std::uint32_t seed = 0; seed < 20; ++seed)
        CHECK_FALSE(worth_compressing(random_bytes(segment, seed), worth));
}

TEST_CASE("what is far from noise is worth compressing, in all or in part") {
    CHECK(worth_compressing(Bytes(segment, std::byte{7}), worth));
    for (const std::size_t length : {segment / 8, segment / 2}) {
        CAPTURE(length);
        Bytes part = random_bytes(segment);
        std::fill_n(part.begin() + segment / 4, length, std::byte{0});
        CHECK(worth_compressing(part, worth));
    }
}

TEST_CASE("noise that is only a little uneven, or repeats, is worth compressing") {
    Bytes uneven = random_bytes(segment);
    for (std::size_t i = 0; i < uneven.size(); ++i)
        if (i % 10 < 7)
            uneven[i] &= std::byte{0x7f}; // 0.49 by the measure of 1 that settles it early
    CHECK(worth_compressing(uneven, worth));
    // At a distance that no two of the samples have.
    Bytes repeated = random_bytes(segment);
    std::copy_n(repeated.begin(), segment - 20011, repeated.begin() + 20011);
    CHECK(worth_compressing(repeated, worth));
}
