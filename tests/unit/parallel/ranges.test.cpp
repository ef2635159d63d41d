#include "morphogen/parallel/ranges.hpp"

#include "morphogen/parallel/team.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

using namespace morphogen;
using namespace morphogen::parallel;

namespace {

/// On the caller alone, and in regions of several sizes.
void everywhere(FunctionRef<void()> check) {
    const test::Watchdog dog("ranges");
    check();
    for (const int threads : {1, 2, 3}) {
        Team team(threads);
        team.fork_join(check);
    }
}

std::vector<int> counting(int n) {
    std::vector<int> v(static_cast<std::size_t>(n));
    std::iota(v.begin(), v.end(), 0);
    return v;
}

} // namespace

TEST_CASE("for_each visits each element once, with every cut-off and size") {
    everywhere([] {
        for (const int n : {0, 1, 2, 3, 255, 1000, 5001}) {
            const auto check = [&](auto cut) {
                auto v = counting(n);
                for_each(
                    slice(v), [](int& x) { x = 2 * x + 1; }, cut);
                for (int i = 0; i < n; ++i)
                    REQUIRE(v[static_cast<std::size_t>(i)] == 2 * i + 1);
            };
            check(cutoff::Automatic{});
            check(cutoff::None{});
            check(cutoff::Elements{7});
            check(cutoff::Elements{100'000});
        }
    });
}

TEST_CASE("the cut-off says how long a sequential loop may be") {
    CHECK(cutoff::None{}.leaf(1000) == 1);
    CHECK(cutoff::Elements{5}.leaf(1000) == 5);
    CHECK(cutoff::Elements{0}.leaf(1000) == 1);
    CHECK(cutoff::Automatic{}.leaf(10) == 1);
    CHECK(cutoff::Automatic{}.leaf(25'600) == 100);
    CHECK(cutoff::Automatic{}.leaf(1'000'000'000) == 1024);
    struct Tenth { // a policy of one's own
        Index leaf(Index n) const { return n / 10 + 1; }
    };
    CHECK(reduce(indices(1000), Index{0}, std::plus<>(), Tenth{}) == 499'500);
}

TEST_CASE("map, filter and reduce combine in the elements' order") {
    everywhere([] {
        const auto v = counting(3000);
        const auto odd_squares = map(filter(slice(v), [](int x) { return x % 2 == 1; }),
                                     [](int x) { return std::to_string(x) + ","; });
        std::string expected;
        for (int i = 1; i < 3000; i += 2)
            expected += std::to_string(i) + ",";
        CHECK(reduce(odd_squares, std::string(), std::plus<>()) == expected);
        CHECK(reduce(odd_squares, std::string(), std::plus<>(), cutoff::None{}) == expected);
        CHECK(reduce(indices(0), Index{17}, std::plus<>()) == 17);
    });
}

TEST_CASE("a reduction of floating-point numbers has the same bits on every team") {
    std::vector<float> v(100'003);
    for (std::size_t i = 0; i < v.size(); ++i)
        v[i] = 1.0F / static_cast<float>(i + 1);
    const auto sum = [&] { return reduce(slice(std::as_const(v)), 0.0F, std::plus<>()); };
    const float alone = sum();
    for (const int threads : {1, 2, 4}) {
        Team team(threads);
        for (int i = 0; i < 20; ++i)
            REQUIRE(team.fork_join(sum) == alone);
    }
}

TEST_CASE("collect keeps the order, of all and of some") {
    everywhere([] {
        const auto v = counting(4000);
        const auto doubled = collect(map(slice(v), [](int x) { return 2L * x; }));
        REQUIRE(doubled.size() == v.size());
        for (std::size_t i = 0; i < v.size(); ++i)
            REQUIRE(doubled[i] == 2L * v[i]);
        const auto some = collect(filter(slice(v), [](int x) { return x % 3 == 0; }));
        REQUIRE(some.size() == 1334);
        for (std::size_t i = 0; i < some.size(); ++i)
            REQUIRE(some[i] == 3 * static_cast<int>(i));
        const auto bits = collect(map(slice(v), [](int x) { return x % 2 == 0; }), cutoff::None{});
        static_assert(std::is_same_v<decltype(bits), const std::vector<bool>>);
        for (std::size_t i = 0; i < v.size(); ++i)
            REQUIRE(bits[i] == (i % 2 == 0));
        auto pointers =
            collect(map(indices(100), [](Index i) { return std::make_unique<Index>(i); }));
        for (Index i = 0; i < 100; ++i)
            REQUIRE(*pointers[static_cast<std::size_t>(i)] == i);
        CHECK(collect(filter(indices(10), [](Index) { return false; })).empty());
    });
}

TEST_CASE("columns, chunks, rows and zipped ranges reach what they should") {
    everywhere([] {
        std::vector<int> grid(6 * 10, 0);
        for_each(
            strided(grid.data() + 3, 6, 10), [](int& x) { x += 1; }, cutoff::None{});
        for (std::size_t i = 0; i < grid.size(); ++i)
            REQUIRE(grid[i] == (i % 10 == 3 ? 1 : 0));

        std::vector<int> pieces(103, 0);
        for_each(chunks(slice(pieces), 10), [](Slice<int> piece) {
            for (int& x : piece)
                x = static_cast<int>(piece.size());
        });
        CHECK(pieces.front() == 10);
        CHECK(pieces[99] == 10);
        CHECK(pieces[100] == 3);

        const core::View3<int> view{grid.data(), {2, 3, 4}, 8, 24};
        for_each(rows(view), [](const Slice<int>& row) {
            for (int& x : row)
                x = 9;
        });
        for (Index i = 0; i < 48; ++i)
            REQUIRE((grid[static_cast<std::size_t>(i)] == 9) == (i % 8 < 4));

        const auto in = counting(5000);
        std::vector<long> out(4000);
        for_each(zip(slice(out), slice(in), indices(1'000'000)), [](const auto& element) {
            const auto& [y, x, i] = element;
            y = x + i;
        });
        for (std::size_t i = 0; i < out.size(); ++i)
            REQUIRE(out[i] == 2 * static_cast<long>(i));
    });
}

TEST_CASE("splitting any range at any place gives the two parts of it") {
    std::vector<int> v = counting(20);
    const auto check = [](auto make, Index size) {
        for (Index n = 0; n <= size; ++n) {
            auto [left, right] = split(make(), n);
            CHECK(left.size() == n);
            CHECK(right.size() == size - n);
            Index seen = 0;
            std::move(left).each([&](auto&&) { ++seen; });
            CHECK(seen == n);
            std::move(right).each([&](auto&&) { ++seen; });
            CHECK(seen == size);
        }
    };
    check([&] { return slice(v); }, 20);
    check([&] { return strided(v.data(), 7, 3); }, 7);
    check([&] { return chunks(slice(v), 3); }, 7);
    check([&] { return rows(core::View3<int>{v.data(), {2, 3, 2}, 3, 10}); }, 6);
    check([&] { return indices(5); }, 5);
    check([&] { return zip(slice(v), indices(9)); }, 9);
}

TEST_CASE("an error in an element's function ends the loop and is thrown") {
    everywhere([] {
        std::atomic<int> calls{0};
        const auto loop = [&] {
            for_each(
                indices(100'000),
                [&](Index i) {
                    ++calls;
                    if (i == 500) throw std::runtime_error("element 500");
                },
                cutoff::None{});
        };
        CHECK_THROWS_WITH(loop(), "element 500");
        CHECK(calls < 100'000);
        CHECK_THROWS_WITH(collect(map(indices(3000),
                                      [](Index i) -> Index {
                                          if (i == 2999) throw std::runtime_error("last");
                                          return i;
                                      })),
                          "last");
    });
}
