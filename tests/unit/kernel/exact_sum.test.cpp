#include "morphogen/kernel/exact_sum.hpp"

#include "catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace morphogen::kernel;

namespace {

ExactSum sum_of(const std::vector<double>& values) {
    ExactSum s;
    for (const double x : values)
        s.add(x);
    return s;
}

// Multiples of 2^-52: the accumulator rounds nothing.
std::vector<double> exact_values(std::mt19937_64& random, int count, int most_exponent) {
    std::uniform_int_distribution<std::int64_t> mantissa(-(std::int64_t{1} << 53),
                                                         std::int64_t{1} << 53);
    std::uniform_int_distribution<int> exponent(-52, most_exponent);
    std::vector<double> values;
    for (int i = 0; i < count; ++i)
        values.push_back(std::ldexp(static_cast<double>(mantissa(random)), exponent(random)));
    return values;
}

} // namespace

TEST_CASE("an exact sum has no rounding error at all") {
    CHECK(ExactSum{}.value() == 0.0);
    CHECK(sum_of({1e300, 1.0, -1e300}).value() == 1.0);
    CHECK(sum_of({0.5, 0x1p-52, -0.5}).value() == 0x1p-52);
    CHECK(sum_of({-1.0, -2.5}).value() == -3.5);
    CHECK(sum_of({1e308, 1e308, -1e308}).value() == 1e308);
    CHECK(sum_of({255.999, -256.0}).value() == 255.999 - 256.0);
    for (const double x : {1.0, -1.0, 0.1, 255.0, 256.0, 1e10, -1e10, 1.7976931348623157e308})
        CHECK(sum_of({x}).value() == Approx(x).epsilon(1e-15));
}

TEST_CASE("values are rounded to the quantum to nearest with ties to even") {
    CHECK(sum_of({0x1p-53}).value() == 0.0);
    CHECK(sum_of({0x1.8p-52}).value() == 0x1p-51);
    CHECK(sum_of({0x1.000002p-53}).value() == 0x1p-52);
    CHECK(sum_of({-0x1.8p-52}).value() == -0x1p-51);
    CHECK(sum_of({5e-324, -5e-324, 1e-30}).value() == 0.0);
}

TEST_CASE("the value is the double nearest to the sum with ties to even") {
    CHECK(sum_of({0x1p53, 1.0}).value() == 0x1p53);
    CHECK(sum_of({0x1p53, 1.0, 0x1p-52}).value() == 0x1p53 + 2);
    CHECK(sum_of({0x1p53 + 2, 1.0}).value() == 0x1p53 + 4);
    CHECK(sum_of({-0x1p53, -1.0, -0x1p-52}).value() == -0x1p53 - 2);
    CHECK(sum_of({0x1p100, 0x1p47, -0x1p-52}).value() == 0x1p100);
    const double largest = std::numeric_limits<double>::max();
    CHECK(sum_of({largest, largest}).value() == std::numeric_limits<double>::infinity());
    CHECK(sum_of({-largest, -largest}).value() == -std::numeric_limits<double>::infinity());
}

#if defined(__SIZEOF_FLOAT128__)
TEST_CASE("sums agree with quadruple precision where that is exact") {
    __extension__ using Wide = __float128;
    std::mt19937_64 random(5);
    for (int round = 0; round < 200; ++round) {
        const auto values = exact_values(random, 1000, -5); // 52 + 48 + 10 bits fit into 113
        Wide exact = 0;
        for (const double x : values)
            exact += x;
        CHECK(sum_of(values).value() == static_cast<double>(exact));
    }
}
#endif

TEST_CASE("neither order nor split changes a limb") {
    std::mt19937_64 random(11);
    auto values = exact_values(random, 3000, 900);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (int i = 0; i < 3000; ++i)
        values.push_back(uniform(random) * std::exp2(40 * uniform(random)));
    const ExactSum whole = sum_of(values);
    for (int round = 0; round < 20; ++round) {
        std::ranges::shuffle(values, random);
        CHECK(sum_of(values) == whole);
        const auto cut = values.begin() + static_cast<long>(random() % values.size());
        ExactSum parts = sum_of({values.begin(), cut});
        parts.add(sum_of({cut, values.end()}));
        CHECK(parts == whole);
    }
}

TEST_CASE("limbs of many sums may be added as plain integers") {
    std::mt19937_64 random(3);
    ExactSum one_by_one;
    ExactSum reduced;
    for (int rank = 0; rank < 64; ++rank) {
        const ExactSum part = sum_of(exact_values(random, 100, 10));
        one_by_one.add(part);
        for (std::size_t i = 0; i < part.limbs().size(); ++i)
            reduced.limbs()[i] += part.limbs()[i];
    }
    CHECK(reduced.value() == one_by_one.value());
    reduced.normalise();
    CHECK(reduced == one_by_one);
}

TEST_CASE("scaled integers of either sign reach every limb") {
    for (int exponent = -52; exponent <= 960; ++exponent) {
        ExactSum s;
        s.add_scaled(std::numeric_limits<std::int64_t>::min(), exponent);
        CHECK(s.value() == -std::ldexp(1.0, 63 + exponent));
        s.add_scaled((std::int64_t{1} << 62), exponent);
        s.add_scaled((std::int64_t{1} << 62), exponent);
        CHECK(s == ExactSum{});
        s.add_scaled(3, exponent);
        CHECK(s.value() == std::ldexp(3.0, exponent));
    }
}
