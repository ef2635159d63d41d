#include "morphogen/rework/diff.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/open_dataset.hpp"
#include "morphogen/store/number_type.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "rework/compare_elements.hpp"
#include "temporary_directory.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace morphogen;
using core::Dims;
using core::Index;

namespace {

std::vector<rework::DatasetDifference> diff(const std::filesystem::path& a,
                                            const std::filesystem::path& b, double tolerance = 0,
                                            std::uint64_t memory = std::uint64_t{1} << 26) {
    return rework::diff(
        a, b, {.budget = {.threads = 2, .memory = memory}, .datasets = {}, .tolerance = tolerance});
}

void set_element(const std::filesystem::path& path, const Dims& at, double value) {
    namespace hdf5 = store::hdf5;
    const auto file = hdf5::open_file(path, hdf5::Mode::write);
    const auto data = hdf5::open_dataset(file.get(), "data");
    const hdf5::Space space = hdf5::space_of(data);
    const std::vector<hsize_t> start(at.begin(), at.end());
    const std::vector<hsize_t> one(start.size(), 1);
    hdf5::select_box(space, start, one);
    hdf5::write(data, H5T_NATIVE_DOUBLE, hdf5::simple_space(one), space, &value);
}

} // namespace

TEST_CASE("diff: layout codec byte order and number type do not matter") {
    const test::TemporaryDirectory directory;
    const Dims shape{9, 20, 31};
    const auto a = test::write_samples(
        directory / "a.h5",
        {{.shape = shape, .chunk = {1, 7, 31}, .filters = codec::hdf5_filters({})}});
    const test::SampleDataset others[] = {
        {.shape = shape},
        {.shape = shape, .chunk = {9, 5, 5}, .type = H5T_IEEE_F64BE},
        {.shape = shape, .chunk = {3, 3, 3}, .type = H5T_STD_I16BE},
        {.shape = shape, .type = H5T_STD_U64LE}};
    for (const auto& other : others)
        for (const std::uint64_t memory : {std::uint64_t{200'000}, std::uint64_t{1} << 26}) {
            const auto b = test::write_samples(directory / "b.h5", {other});
            const auto result = diff(a, b, 0, memory);
            REQUIRE(result.size() == 1);
            CHECK(result[0].same());
        }
}

TEST_CASE("diff: first and largest difference wherever they are") {
    const test::TemporaryDirectory directory;
    const Dims shape{9, 20, 31};
    const auto a = test::write_samples(directory / "a.h5", {{.shape = shape, .chunk = {2, 20, 9}}});
    const auto b = test::write_samples(directory / "b.h5", {{.shape = shape, .chunk = {9, 4, 4}}});
    set_element(b, {8, 0, 0}, 1000.0);
    set_element(b, {2, 19, 30}, -1.0);
    set_element(b, {2, 3, 4}, -1.0);
    for (const std::uint64_t memory : {std::uint64_t{200'000}, std::uint64_t{1} << 26}) {
        const auto d = diff(a, b, 0, memory).at(0);
        CHECK(d.different == 3);
        CHECK(d.first->at == Dims{2, 3, 4});
        CHECK(d.first->b == "-1");
        CHECK(d.largest->at == Dims{8, 0, 0});
        CHECK(d.largest->b == "1000");
    }
    CHECK(diff(a, b, 150.0).at(0).different == 1);
    CHECK(diff(a, b, 2000.0).at(0).same());
}

TEST_CASE("diff: NaN is NaN and more than any number") {
    const test::TemporaryDirectory directory;
    const auto a = test::write_samples(directory / "a.h5", {{}});
    const auto b = test::write_samples(directory / "b.h5", {{}});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    set_element(a, {1, 2, 3}, nan);
    set_element(b, {1, 2, 3}, nan);
    CHECK(diff(a, b).at(0).same());
    set_element(b, {2, 0, 0}, nan);
    set_element(b, {3, 0, 0}, 1e30);
    const auto d = diff(a, b, 1e40).at(0);
    CHECK(d.different == 1);
    CHECK(d.largest->b == "nan");
}

TEST_CASE("diff: other shapes types and datasets are differences") {
    const test::TemporaryDirectory directory;
    const auto a =
        test::write_samples(directory / "a.h5", {{.name = "s"}, {.name = "r"}, {.name = "only"}});
    const auto b = test::write_samples(
        directory / "b.h5", {{.name = "s", .shape = {4, 10, 13}}, {.name = "r", .shape = {4}}});
    const auto result = diff(a, b);
    REQUIRE(result.size() == 3);
    CHECK_THAT(result[0].why, Catch::Contains("only in"));
    CHECK_THAT(result[1].why, Catch::Contains("3 axes and 1"));
    CHECK_THAT(result[2].why, Catch::Contains("shapes 4 x 10 x 12 and 4 x 10 x 13"));
    CHECK_THROWS_WITH(diff(a, a, 0, 100), Catch::Contains("not enough memory"));
    rework::DiffOptions options;
    options.budget.memory = std::uint64_t{1} << 20;
    options.datasets = {"no"};
    CHECK_THROWS_WITH(rework::diff(a, b, options), Catch::Contains("no such dataset"));
}

namespace {

store::hdf5::Type half_type(std::size_t bias) {
    store::hdf5::Type half(H5Tcopy(H5T_IEEE_F32LE));
    REQUIRE(H5Tset_fields(half.get(), 15, 10, 5, 0, 10) >= 0);
    REQUIRE(H5Tset_size(half.get(), 2) >= 0);
    REQUIRE(H5Tset_ebias(half.get(), bias) >= 0);
    return half;
}

} // namespace

TEST_CASE("diff: floats of 2 bytes are numbers, alone and beside wider ones") {
    const test::TemporaryDirectory directory;
    const store::hdf5::Type half = half_type(15);
    const auto a = test::write_samples(directory / "a.h5", {{.type = half.get()}});
    const auto b = test::write_samples(directory / "b.h5",
                                       {{.type = half.get(), .written = {{0, 0, 0}, {4, 10, 11}}}});
    const auto wide = test::write_samples(directory / "wide.h5", {{.type = H5T_IEEE_F64BE}});
    CHECK(diff(a, a, 0.0).front().same());
    CHECK(diff(a, wide, 0.0).front().same());
    CHECK(diff(a, b, 0.0).front().differs());
    CHECK(diff(a, b, 100.0).front().same());
    const auto found = diff(a, b, 0.0).front();
    REQUIRE(found.largest);
    CHECK(found.largest->b == "0");

    constexpr std::array<std::uint16_t, 8> x{0x0000, 0x7e00, 0x7c00, 0x0001,
                                             0x3c00, 0xfbff, 0x7c00, 0x03ff};
    constexpr std::array<std::uint16_t, 8> y{0x8000, 0xfe01, 0x7c00, 0x0001,
                                             0x3c00, 0xfbff, 0xfc00, 0x03ff};
    constexpr std::array<float, 8> values{-0.0F,
                                          std::numeric_limits<float>::quiet_NaN(),
                                          std::numeric_limits<float>::infinity(),
                                          0x1p-24F,
                                          1.0F,
                                          -65504.0F,
                                          std::numeric_limits<float>::infinity(),
                                          0x3ffp-24F};
    const store::ElementType type{store::ElementType::Kind::floating, 2, false};
    const auto compare = [&](const auto& other, const store::ElementType& other_type) {
        return rework::compare_elements(std::as_bytes(std::span(x)).data(), type,
                                        std::as_bytes(std::span(other)).data(), other_type, 8, 0.0);
    };
    const auto halves = compare(y, type); // signs of zero and of NaN do not count
    CHECK(halves.different == 1);
    CHECK(halves.first == 6);
    CHECK(compare(values, {store::ElementType::Kind::floating, 4, false}).different == 0);
}

TEST_CASE("bfloat16 is the upper half of a float") {
    constexpr std::array<std::uint16_t, 4> halves{0x3f80, 0xc2f7, 0x7f80, 0x0001};
    constexpr std::array<float, 4> values{1.0F, -123.5F, std::numeric_limits<float>::infinity(),
                                          0x1p-133F};
    const auto found =
        rework::compare_elements(std::as_bytes(std::span(halves)).data(),
                                 {store::ElementType::Kind::brain_floating, 2, false},
                                 std::as_bytes(std::span(values)).data(),
                                 {store::ElementType::Kind::floating, 4, false}, 4, 0.0);
    CHECK(found.different == 0);
}

TEST_CASE("diff: a tolerance that does not count for floats of odd formats is told") {
    const test::TemporaryDirectory directory;
    const store::hdf5::Type half = half_type(14);
    const auto all = test::write_samples(directory / "all.h5", {{.type = half.get()}});
    const auto part = test::write_samples(
        directory / "part.h5", {{.type = half.get(), .written = {{0, 0, 0}, {4, 10, 11}}}});
    CHECK(diff(all, all, 1.0).front().same());
    CHECK(diff(all, part, 0.0).front().why.empty());
    CHECK(diff(all, part, 0.0).front().differs());
    CHECK_THAT(diff(all, part, 1000.0).front().why,
               Catch::Contains("float16") && Catch::Contains("without the tolerance"));
    CHECK_THROWS_WITH(rework::open_dataset(all, "data"), Catch::Contains("floats of 2, 4 or 8"));
}

TEST_CASE("diff: 64-bit integers are exact and wrap around nowhere") {
    const store::ElementType i64{store::ElementType::Kind::signed_integer, 8, false};
    const store::ElementType u64{store::ElementType::Kind::unsigned_integer, 8, false};
    const auto compare = [](const auto& a, const store::ElementType& ta, const auto& b,
                            const store::ElementType& tb, double tolerance) {
        return rework::compare_elements(std::as_bytes(std::span(a)).data(), ta,
                                        std::as_bytes(std::span(b)).data(), tb,
                                        static_cast<Index>(a.size()), tolerance);
    };
    constexpr std::int64_t large = std::int64_t{1} << 60;
    std::vector<std::int64_t> a(3000, large);
    auto b = a;
    b[2999] = large + 1;
    const auto one = compare(a, i64, b, i64, 0.0);
    CHECK(one.different == 1);
    CHECK(one.first == 2999);
    CHECK(one.distance == 1.0);
    CHECK(compare(a, i64, b, i64, 1.0).different == 0);
    CHECK(compare(a, i64, b, i64, 0.5).different == 1);
    a[7] = std::numeric_limits<std::int64_t>::min();
    b[7] = std::numeric_limits<std::int64_t>::max();
    const auto far = compare(a, i64, b, i64, 3.0);
    CHECK(far.largest == 7);
    CHECK(far.distance == std::ldexp(1.0, 64));
    CHECK(compare(a, i64, b, i64, 1e30).different == 0);
    const std::vector<std::uint64_t> c{0, std::numeric_limits<std::uint64_t>::max()};
    const std::vector<std::int64_t> d{-1, -1};
    const auto mixed = compare(c, u64, d, i64, 0.0);
    CHECK(mixed.different == 2);
    CHECK(mixed.largest == 1);
    const std::vector<std::int8_t> e{-128, 5};
    const std::vector<std::int8_t> f{127, 4};
    const store::ElementType i8{store::ElementType::Kind::signed_integer, 1, false};
    CHECK(compare(e, i8, f, i8, 1.0).distance == 255.0);
}

TEST_CASE("diff: a tolerance is for distances and not for infinities") {
    const store::ElementType f32{store::ElementType::Kind::floating, 4, false};
    const store::ElementType big{store::ElementType::Kind::floating, 4, true};
    constexpr float inf = std::numeric_limits<float>::infinity();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    // In every lane and in the rest, which one thread compares differently.
    for (const std::size_t n : {std::size_t{1}, std::size_t{8}, std::size_t{1029}})
        for (std::size_t at = n == 1029 ? 1010 : 0; at < n; ++at) {
            const auto differ = [&](float x, float y, double tolerance) {
                std::vector<float> a(n, 1.5F);
                std::vector<float> b(n, 1.75F);
                a[at] = x;
                b[at] = y;
                auto swapped_a = a;
                auto swapped_b = b;
                store::swap_bytes(std::as_writable_bytes(std::span(swapped_a)), 4);
                store::swap_bytes(std::as_writable_bytes(std::span(swapped_b)), 4);
                const auto bytes = [](const std::vector<float>& v) {
                    return std::as_bytes(std::span(v)).data();
                };
                const auto length = static_cast<Index>(n);
                const auto plain =
                    rework::compare_elements(bytes(a), f32, bytes(b), f32, length, tolerance);
                for (const auto& other :
                     {rework::compare_elements(bytes(swapped_a), big, bytes(swapped_b), big, length,
                                               tolerance),
                      rework::compare_elements(bytes(a), f32, bytes(swapped_b), big, length,
                                               tolerance)}) {
                    CHECK(other.different == plain.different);
                    CHECK(other.first == plain.first);
                    CHECK(other.distance == plain.distance);
                }
                return plain;
            };
            CHECK(differ(inf, inf, 0.25).different == 0);
            CHECK(differ(nan, nan, 0.25).different == 0);
            CHECK(differ(inf, -inf, 1e300).different == 1);
            CHECK(differ(inf, 1.0F, 1e300).first == static_cast<Index>(at));
            CHECK(differ(nan, 1.0F, 1e300).largest == static_cast<Index>(at));
            CHECK(differ(1.0F, 1.5F, 0.25).different == 1);
            CHECK(differ(1.0F, 1.5F, 0.25).distance == 0.5);
            CHECK(differ(1.0F, 1.5F, 0.0).different == n);
        }
}
