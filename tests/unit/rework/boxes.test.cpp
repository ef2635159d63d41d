#include "morphogen/rework/boxes.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/rework/crops.hpp"
#include "morphogen/rework/series.hpp"
#include "morphogen/store/array_file.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

#include <map>

using namespace morphogen;
using core::Dims;
using core::Index;
using core::NdBox;

TEST_CASE("random boxes fit, reach both ends and depend on seed and number alone") {
    const Dims whole{5, 40, 3};
    const Dims shape{5, 7, 1};
    std::map<Index, int> columns;
    for (Index n = 0; n < 4000; ++n) {
        const NdBox box = rework::random_box(whole, shape, 1, n);
        REQUIRE(NdBox::whole(whole).contains(box));
        REQUIRE(box.shape() == shape);
        ++columns[box.lo[1]];
        REQUIRE(box == *rework::random_boxes(whole, shape, 1)(n));
    }
    CHECK(columns.size() == 34);
    CHECK(columns.begin()->first == 0);
    CHECK(columns.rbegin()->first == 33);
    CHECK(rework::random_box(whole, shape, 1, 7) != rework::random_box(whole, shape, 2, 7));
}

TEST_CASE("the crops of a seed stay the same from version to version") {
    const Dims whole{100, 1080, 1920};
    // Computed apart, from the definition.
    CHECK(rework::random_box(whole, {8, 128, 128}, 0, 0).lo == Dims{81, 895, 1278});
    CHECK(rework::random_box(whole, {8, 128, 128}, 12345678901234, 99).lo == Dims{79, 61, 332});
}

TEST_CASE("windows come in order and end where they no longer fit") {
    const auto next = rework::windows({10, 4}, 3, 2);
    CHECK(next(0) == NdBox{{0, 0}, {3, 4}});
    CHECK(next(3) == NdBox{{6, 0}, {9, 4}});
    CHECK_FALSE(next(4));
}

TEST_CASE("points are read with what surrounds them") {
    CHECK(rework::parse_point("540,960") == Dims{540, 960});
    CHECK(rework::parse_point(" 3 , 4 ") == Dims{3, 4});
    for (const char* bad : {"", "1,", ",1", "1;2", "1.5,2", "1,2,3,4,5,6,7,8,9"})
        CHECK_THROWS_AS(rework::parse_point(bad), core::UsageError);
}

TEST_CASE("numbers of every type come back as they went in") {
    const test::TemporaryDirectory directory;
    using Kind = store::ElementType::Kind;
    const auto path = directory / "types.h5";
    const std::vector<store::ElementType> types{
        {Kind::floating, 4, false},        {Kind::floating, 8, true},
        {Kind::signed_integer, 1, false},  {Kind::signed_integer, 2, true},
        {Kind::signed_integer, 8, false},  {Kind::unsigned_integer, 4, false},
        {Kind::unsigned_integer, 8, true}, {Kind::unsigned_integer, 2, false},
        {Kind::floating, 2, false},        {Kind::floating, 2, true},
        {Kind::brain_floating, 2, false},  {Kind::brain_floating, 2, true}};
    std::vector<std::byte> bytes(16);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(0x81 + 9 * i);
    {
        store::ArrayFile file(path, false);
        for (std::size_t i = 0; i < types.size(); ++i) {
            const std::string axis = "axis" + std::to_string(i);
            file.add_axis(axis, static_cast<Index>(bytes.size() / types[i].size));
            file.add({.name = "data" + std::to_string(i), .type = types[i], .axes = {axis}}, bytes);
        }
        file.close();
    }
    for (std::size_t i = 0; i < types.size(); ++i) {
        CAPTURE(i);
        const auto reader = rework::open_dataset(path, "data" + std::to_string(i));
        CHECK(reader->type() == types[i]);
        std::vector<std::byte> back(bytes.size());
        reader->read_plain(NdBox::whole(reader->shape()), back);
        CHECK(back == bytes);
    }
    CHECK_THROWS_AS(store::ArrayFile(path, false), core::UsageError);
}
