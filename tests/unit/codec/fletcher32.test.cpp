#include "morphogen/codec/fletcher32.hpp"

#include "catch.hpp"
#include "inputs.hpp"

using namespace morphogen::codec;
using namespace morphogen::codec::test;

namespace {

/// The definition: sums of big-endian words modulo 65535, where 65535 stands for 0 unless all bytes
/// are 0.
std::uint32_t reference(const Bytes& data) {
    std::uint64_t first = 0, second = 0;
    bool any = false;
    for (std::size_t i = 0; i < data.size(); i += 2) {
        const auto high = std::to_integer<std::uint64_t>(data[i]);
        const auto low = i + 1 < data.size() ? std::to_integer<std::uint64_t>(data[i + 1]) : 0;
        any = any || high + low > 0;
        first = (first + (high << 8 | low)) % 65535;
        second = (second + first) % 65535;
    }
    // The sums themselves start at 0 only while every word was 0.
    if (any && first == 0) first = 65535;
    if (any && second == 0) second = 65535;
    return static_cast<std::uint32_t>(second << 16 | first);
}

} // namespace

TEST_CASE("fletcher32 is the definition for every length") {
    for (std::size_t size = 0; size < 200; ++size) {
        CAPTURE(size);
        REQUIRE(fletcher32(random_bytes(size)) == reference(random_bytes(size)));
    }
    for (std::size_t size : Sizes{719, 720, 721, 11519, 11520, 11521, 23040, 100001, 518400})
        for (const Bytes& data : all_inputs(size))
            REQUIRE(fletcher32(data) == reference(data));
    // The largest words: every sum is as high as it gets.
    for (std::size_t size : Sizes{1, 2, 720, 11520, 1000000, 1000001}) {
        const Bytes ones(size, std::byte{0xff});
        REQUIRE(fletcher32(ones) == reference(ones));
    }
}

TEST_CASE("fletcher32 notices flipped bits and swapped words") {
    Bytes data = field_bytes(1000);
    const auto sum = fletcher32(data);
    data[500] ^= std::byte{1};
    CHECK(fletcher32(data) != sum);
    data[500] ^= std::byte{1};
    std::swap_ranges(data.begin() + 10, data.begin() + 12, data.begin() + 40);
    CHECK(fletcher32(data) != sum);
    CHECK(fletcher32_swapped(0x01020304U) == 0x02010403U);
}
