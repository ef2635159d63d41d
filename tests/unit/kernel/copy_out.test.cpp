#include "morphogen/kernel/copy_out.hpp"

#include "catch.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace morphogen;
using namespace morphogen::kernel;
using core::Extents;
using core::Index;

namespace {

/// A block inside larger memory, with a halo of 3 filled with NaN: reading it shows.
template <typename T>
struct Block {
    std::vector<T> memory;
    core::View3<T> view;

    explicit Block(const Extents& n)
        : memory(static_cast<std::size_t>((n[0] + 6) * (n[1] + 6) * (n[2] + 6)),
                 std::numeric_limits<T>::quiet_NaN()) {
        const Index py = n[2] + 6;
        const Index pz = (n[1] + 6) * py;
        view = {memory.data() + 3 * pz + 3 * py + 3, n, py, pz};
    }
    void fill(std::mt19937& random, double low, double high) {
        std::uniform_real_distribution<double> value(low, high);
        for (Index i = 0; i < core::volume(view.shape); ++i)
            at(i) = static_cast<T>(value(random));
    }
    T& at(Index i) {
        const Extents& n = view.shape;
        return view(i / (n[1] * n[2]), i / n[2] % n[1], i % n[2]);
    }
};

FieldSummary expected(const std::vector<double>& cells) {
    FieldSummary s;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (!std::isfinite(cells[i])) {
            if (s.first_bad < 0) s.first_bad = static_cast<Index>(i);
            continue;
        }
        s.min = std::min(s.min, cells[i]);
        s.max = std::max(s.max, cells[i]);
        s.sum.add(cells[i]);
    }
    return s;
}

template <typename T>
void check_copy(Block<T>& block) {
    const Index n = core::volume(block.view.shape);
    std::vector<double> cells;
    for (Index i = 0; i < n; ++i)
        cells.push_back(static_cast<double>(block.at(i)));
    const FieldSummary want = expected(cells);
    for (const Isa isa : available_isas())
        for (const int threads : {1, 3}) {
            std::vector<T> dense(static_cast<std::size_t>(n) + 1, T{-7});
            const FieldSummary got = copy_out<T>(block.view.as_const(), dense.data(), isa, threads);
            Index wrong = 0;
            for (Index i = 0; i < n; ++i) {
                const T a = dense[static_cast<std::size_t>(i)];
                const T b = block.at(i);
                wrong += !(a == b || (std::isnan(a) && std::isnan(b)));
            }
            CHECK(wrong == 0);
            CHECK(dense.back() == T{-7});
            CHECK(got.min == want.min);
            CHECK(got.max == want.max);
            CHECK(got.first_bad == want.first_bad);
            CHECK(got.sum == want.sum);
        }
}

const std::vector<Extents> shapes{{1, 1, 1},  {1, 7, 5},     {1, 1, 4097}, {3, 5, 33},
                                  {1, 2, 16}, {1, 300, 333}, {2, 40, 900}};

} // namespace

TEMPLATE_TEST_CASE("a copy is exact and its summary independent of threads and instruction set", "",
                   float, double) {
    std::mt19937 random(1);
    for (const Extents& n : shapes) {
        Block<TestType> block(n);
        block.fill(random, -1.0, 1.0);
        check_copy(block);
        block.fill(random, 0.0, 1e-9);
        check_copy(block);
        block.fill(random, -255.0, 255.0);
        check_copy(block);
        block.fill(random, -1e6, 1e6);
        check_copy(block);
    }
}

TEMPLATE_TEST_CASE("the first cell that is not finite is named", "", float, double) {
    using Limits = std::numeric_limits<TestType>;
    std::mt19937 random(2);
    for (const Extents& n : shapes) {
        Block<TestType> block(n);
        const Index cells = core::volume(n);
        for (const TestType bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()})
            for (int round = 0; round < 10; ++round) {
                block.fill(random, 0.0, 1.0);
                for (int i = 0; i < 3; ++i)
                    block.at(static_cast<Index>(random() % static_cast<std::uint32_t>(cells))) =
                        bad;
                check_copy(block);
            }
    }
}

TEST_CASE("zeros of either sign give one minimum and maximum") {
    Block<float> block({1, 4, 64});
    for (Index i = 0; i < 256; ++i)
        block.at(i) = i % 3 == 0 ? -0.0f : 0.0f;
    for (const Isa isa : available_isas()) {
        std::vector<float> dense(256);
        const FieldSummary s = copy_out<float>(block.view.as_const(), dense.data(), isa, 2);
        CHECK(!std::signbit(s.min));
        CHECK(!std::signbit(s.max));
    }
}

TEST_CASE("summaries merge") {
    FieldSummary a;
    a.min = -1;
    a.max = 2;
    a.sum.add(3);
    FieldSummary b;
    b.min = 0;
    b.max = 5;
    b.sum.add(4);
    b.first_bad = 9;
    a.merge(b);
    CHECK(a.min == -1);
    CHECK(a.max == 5);
    CHECK(a.sum.value() == 7);
    CHECK(a.first_bad == 9);
    b.first_bad = 12;
    a.merge(b);
    CHECK(a.first_bad == 9);
    b.first_bad = 3;
    a.merge(b);
    CHECK(a.first_bad == 3);
    a.merge(FieldSummary{});
    CHECK(a.min == -1);
    CHECK(a.first_bad == 3);
}
