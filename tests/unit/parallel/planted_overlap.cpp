// The control of the contracts of parallel ranges: `range` and `zip` overlap and must end the
// program; `clean-range` and `clean-zip` do not and must not. ctest takes an abort for a failure
// whatever was printed, so that becomes an exit.

#include "morphogen/parallel/ranges.hpp"

#include "overlapping.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>

int main(int argc, char** argv) {
    namespace parallel = morphogen::parallel;
    std::signal(SIGABRT, [](int) { std::_Exit(1); });
    const std::string_view what = argc > 1 ? argv[1] : "";
    std::array<int, 16> cells{};
    const auto add = [](int& cell) { ++cell; };
    const auto copy = [](const auto& pair) { std::get<0>(pair) = std::get<1>(pair); };
    if (what == "range")
        parallel::for_each(morphogen::test::Overlapping(cells.data(), 16, 1), add);
    else if (what == "clean-range")
        parallel::for_each(morphogen::test::Overlapping(cells.data(), 16, 0), add);
    else if (what == "zip") // shifted by one: a half reads what the other writes
        for_each(zip(parallel::slice(std::span(cells).first(15)),
                     parallel::slice(std::span<const int>(cells).last(15))),
                 copy);
    else if (what == "clean-zip")
        for_each(zip(parallel::slice(std::span(cells).first(8)),
                     parallel::slice(std::span<const int>(cells).last(8))),
                 copy);
    else
        return 2;
    std::printf("%d\n", cells[0]);
    return 0;
}
