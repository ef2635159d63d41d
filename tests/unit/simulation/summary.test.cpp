#include "morphogen/simulation/summary.hpp"

#include "catch.hpp"

#include <string>

using morphogen::core::Box;
using morphogen::core::Extents;
using morphogen::core::Field;
using morphogen::kernel::FieldSummary;
using morphogen::simulation::globalize;
using morphogen::simulation::GlobalSummary;
using morphogen::simulation::merge;
using morphogen::simulation::not_finite_message;

namespace {

FieldSummary summary_of(double low, double high, morphogen::core::Index bad) {
    FieldSummary s;
    s.min = low;
    s.max = high;
    s.sum.add(low);
    s.sum.add(high);
    s.first_bad = bad;
    return s;
}

} // namespace

TEST_CASE("parts of the grid add up in any order") {
    const Extents global{1, 2, 4};
    const GlobalSummary left =
        globalize(summary_of(0.25, 0.5, -1), Box{{0, 0, 0}, {1, 2, 2}}, global);
    const GlobalSummary right =
        globalize(summary_of(-1.0, 0.125, 3), Box{{0, 0, 2}, {1, 2, 4}}, global);
    CHECK(left.is_finite());
    CHECK(right.cells.first_bad == 7); // the block's last cell: row 1, column 3
    GlobalSummary one = left;
    merge(one, right);
    GlobalSummary other = right;
    merge(other, left);
    CHECK(one.count == 8);
    CHECK(one.cells.min == -1.0);
    CHECK(one.cells.max == 0.5);
    CHECK(one.mean() == (0.25 + 0.5 - 1.0 + 0.125) / 8.0);
    CHECK(one.mean() == other.mean());
    CHECK(one.cells.first_bad == 7);
    CHECK(other.cells.first_bad == 7);
    CHECK(GlobalSummary{}.mean() == 0.0);
}

TEST_CASE("a cell that is not finite is named by its place in the grid") {
    GlobalSummary s = globalize(summary_of(0.0, 1.0, 5), Box{{0, 30, 5}, {1, 40, 9}}, {1, 50, 60});
    CHECK(not_finite_message(Field::v, 340, s, {1, 50, 60}, 2) ==
          "field v is not finite (step 340, cell [31, 6]): the solution has grown without bound; "
          "use a smaller model.dt, or check the initial values");
    s = globalize(summary_of(0.0, 1.0, 25), Box{{2, 3, 4}, {5, 6, 8}}, {8, 9, 10});
    CHECK(not_finite_message(Field::u, 0, s, {8, 9, 10}, 3)
              .find("field u is not finite (step 0, cell [4, 3, 5]): ") == 0);
}
