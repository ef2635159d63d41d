#include "morphogen/core/nd_box.hpp"

#include "morphogen/core/box_rows.hpp"

#include "catch.hpp"

#include <cstring>
#include <random>
#include <vector>

using namespace morphogen::core;

namespace {

std::vector<std::byte> numbered(const NdBox& box) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(box.volume()) * 4);
    for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
        const auto n = static_cast<std::uint32_t>(i + 1);
        std::memcpy(&bytes[4 * i], &n, 4);
    }
    return bytes;
}

/// Row-major number of an index in a box; -1 outside.
Index number_of(const Dims& index, const NdBox& box) {
    Index n = 0;
    for (int a = 0; a < box.rank(); ++a) {
        if (index[a] < box.lo[a] || index[a] >= box.hi[a]) return -1;
        n = n * (box.hi[a] - box.lo[a]) + index[a] - box.lo[a];
    }
    return n;
}

std::uint32_t at(const std::vector<std::byte>& bytes, Index n) {
    std::uint32_t value = 0;
    std::memcpy(&value, &bytes[4 * static_cast<std::size_t>(n)], 4);
    return value;
}

} // namespace

TEST_CASE("a box moved by an offset and back is where it was") {
    const NdBox box{{1, 2, 3}, {4, 6, 8}};
    CHECK(box - Dims{1, 1, 2} == NdBox{{0, 1, 1}, {3, 5, 6}});
    CHECK((box + Dims{5, -7, 9}) - Dims{5, -7, 9} == box);
}

TEST_CASE("copy_box moves exactly the elements of the box for any rank") {
    std::minstd_rand random(5);
    for (int round = 0; round < 400; ++round) {
        const int rank = 1 + static_cast<int>(random() % 5);
        NdBox from{Dims(rank, 0), Dims(rank, 0)};
        NdBox to = from;
        for (int a = 0; a < rank; ++a) {
            from.lo[a] = static_cast<Index>(random() % 4);
            from.hi[a] = from.lo[a] + 1 + static_cast<Index>(random() % 5);
            to.lo[a] = random() % 2 == 0 ? from.lo[a] : static_cast<Index>(random() % 4);
            to.hi[a] = random() % 2 == 0 ? std::max(from.hi[a], to.lo[a] + 1)
                                         : to.lo[a] + 1 + static_cast<Index>(random() % 5);
        }
        const NdBox box = intersect(from, to);
        const auto source = numbered(from);
        std::vector<std::byte> target(static_cast<std::size_t>(to.volume()) * 4);
        if (!box.empty()) copy_box(box, source.data(), from, target.data(), to, 4);
        const ChunkGrid cells(to.hi, Dims(rank, 1));
        const NdBox all = cells.touched(to);
        int wrong = 0;
        for (Index n = 0; n < all.volume(); ++n) {
            const Dims index = cells.full_box(cells.number_in(all, n)).lo;
            const bool inside = number_of(index, box) >= 0 && !box.empty();
            const std::uint32_t expected =
                inside ? static_cast<std::uint32_t>(number_of(index, from) + 1) : 0;
            wrong += at(target, number_of(index, to)) != expected;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("a box lies together where its elements have successive places") {
    const NdBox outer{{1, 2, 3}, {4, 6, 8}};
    for (Index n = 0; n < 3 * 3 * 4 * 4 * 5 * 5; ++n) {
        NdBox box = outer;
        Index left = n;
        for (int a = 0; a < 3; ++a) {
            const Index length = outer.hi[a] - outer.lo[a];
            box.lo[a] = outer.lo[a] + left % length;
            left /= length;
            box.hi[a] = std::min(box.lo[a] + 1 + left % length, outer.hi[a]);
            left /= length;
        }
        Dims last = box.hi;
        for (int a = 0; a < 3; ++a)
            --last[a];
        CHECK(place_in(outer, box.lo) == number_of(box.lo, outer));
        const Index spread = number_of(last, outer) - number_of(box.lo, outer) + 1;
        CHECK(lies_together(box, outer) == (spread == box.volume()));
    }
}

TEST_CASE("fill_box sets the elements of the box and no other") {
    const NdBox whole = NdBox::whole({3, 4});
    std::vector<std::byte> target(3 * 4 * 4);
    const std::vector<std::byte> value{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}};
    fill_box({{1, 1}, {3, 3}}, value, target.data(), whole);
    std::vector<std::uint32_t> got;
    for (Index n = 0; n < 12; ++n)
        got.push_back(at(target, n));
    CHECK(got == std::vector<std::uint32_t>{0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0});
    fill_box({{1, 0}, {3, 4}}, value, target.data(), whole); // one row of eight
    for (Index n = 0; n < 12; ++n)
        CHECK(at(target, n) == (n < 4 ? 0U : 1U));
}

TEST_CASE("a chunk grid covers the array and knows what a box touches") {
    const ChunkGrid grid({10, 7}, {4, 3});
    CHECK(grid.counts() == Dims{3, 3});
    CHECK(grid.size() == 9);
    CHECK(grid.full_box(8) == NdBox{{8, 6}, {12, 9}});
    CHECK(grid.box(8) == NdBox{{8, 6}, {10, 7}});
    CHECK(grid.box(5) == NdBox{{4, 6}, {8, 7}});
    const NdBox chunks = grid.touched({{3, 3}, {5, 6}});
    CHECK(chunks == NdBox{{0, 1}, {2, 2}});
    CHECK(grid.number_in(chunks, 0) == 1);
    CHECK(grid.number_in(chunks, 1) == 4);
    CHECK(grid.touched({{3, 3}, {3, 6}}).empty());
    CHECK(ChunkGrid({0, 5}, {4, 3}).size() == 0);
}
