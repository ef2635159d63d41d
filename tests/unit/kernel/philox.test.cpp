#include "kernel/philox.hpp"

#include "catch.hpp"

#include <array>
#include <cmath>

using namespace morphogen::kernel;

namespace {

struct Known {
    PhiloxBlock counter;
    std::uint32_t key[2];
    PhiloxBlock result;
};

// Random123 1.14, tests/kat_vectors: philox4x32 10.
const std::array<Known, 3> known{{
    {{{0, 0, 0, 0}}, {0, 0}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
    {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
     {0xffffffff, 0xffffffff},
     {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
     {0xa4093822, 0x299f31d0},
     {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
}};

PhiloxBlock filled(std::uint32_t word) {
    return {{word, word, word, word}};
}

} // namespace

TEST_CASE("Philox4x32-10 gives the known answers") {
    for (const Known& k : known) {
        const PhiloxBlock r = philox4x32(k.counter, k.key[0], k.key[1]);
        for (int i = 0; i < 4; ++i)
            CHECK(r.word[i] == k.result.word[i]);
    }
}

TEST_CASE("the counter holds cell and step and the key the seed") {
    const PhiloxBlock a = cell_noise(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88);
    for (int i = 0; i < 4; ++i)
        CHECK(a.word[i] == known[2].result.word[i]);
}

TEST_CASE("uniform numbers are symmetric and never reach the ends") {
    CHECK(uniform<float>(filled(0)) == -(1.0f - 0x1p-24f));
    CHECK(uniform<float>(filled(~0u)) == 1.0f - 0x1p-24f);
    CHECK(uniform<double>(filled(0)) == -(1.0 - 0x1p-53));
    CHECK(uniform<double>(filled(~0u)) == 1.0 - 0x1p-53);
    CHECK(uniform<float>(filled(0x80000000)) == 0x1p-24f);
    CHECK(uniform<float>(filled(0x7fffffff)) == -0x1p-24f);
}

TEST_CASE("uniform numbers have the moments of U of -1 to 1") {
    double sum = 0;
    double squares = 0;
    constexpr int n = 100000;
    for (int i = 0; i < n; ++i) {
        const double x = uniform<double>(cell_noise(7, 3, static_cast<std::uint64_t>(i)));
        sum += x;
        squares += x * x;
    }
    CHECK(std::abs(sum / n) < 5 * std::sqrt(1.0 / 3 / n));
    CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
}
