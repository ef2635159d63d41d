#include "morphogen/core/contract.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"

#include "bench/join_workloads.hpp"
#include "bench/measurements.hpp"
#include "bench/timing.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace morphogen::bench {
namespace {

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t k = 1024;
constexpr std::size_t cutoff = 5 * k;

struct Size {
    std::size_t elements;
    // "Rayon: data parallelism in Rust" (N. Matsakis, 2015), four cores.
    double rayon_cut;
    double rayon_uncut;
};
constexpr std::array sizes{Size{1 * k, 0.95, 0.41},   Size{32 * k, 2.19, 2.05},
                           Size{64 * k, 3.09, 2.42},  Size{128 * k, 3.52, 2.75},
                           Size{512 * k, 3.84, 3.02}, Size{1024 * k, 4.01, 3.10}};

/// Different numbers for every call: a processor learns the branches of a short sort by heart.
class Inputs {
public:
    explicit Inputs(std::size_t most) : numbers_(2 * most), work_(most) {
        std::mt19937 random(1);
        for (std::int32_t& x : numbers_)
            x = static_cast<std::int32_t>(random());
    }

    std::span<std::int32_t> next(std::size_t n) {
        if (at_ + n > numbers_.size()) at_ = 0;
        const auto from = numbers_.begin() + static_cast<std::ptrdiff_t>(at_);
        at_ += n;
        std::copy_n(from, n, work_.begin());
        return std::span(work_).first(n);
    }

private:
    std::vector<std::int32_t> numbers_;
    std::vector<std::int32_t> work_;
    std::size_t at_ = 0;
};

template <typename F>
double seconds_for(F&& f) {
    const core::Stopwatch watch;
    f();
    return watch.seconds();
}

/// Sequential against @p way, in turn, within one session.
template <std::size_t cut, typename Way>
Paired sort_times(Way& way, Inputs& inputs, std::size_t n, double seconds) {
    Paired result;
    way.session([&] {
        const auto sequential = [&] {
            const auto numbers = inputs.next(n);
            return seconds_for([&] { quicksort<Sequential, cut>(numbers); });
        };
        const auto parallel = [&] {
            const auto numbers = inputs.next(n);
            const double time =
                seconds_for([&] { way.root([&] { quicksort<Way, cut>(numbers); }); });
            MORPHOGEN_EXPECT(std::is_sorted(numbers.begin(), numbers.end()));
            return time;
        };
        sequential(); // warms up
        parallel();
        result = compare(seconds, 3, sequential, parallel);
    });
    return result;
}

template <typename Way>
double nanoseconds_per_join(Way& way, int depth, double seconds) {
    double result = 0.0;
    way.session([&] {
        result = median_seconds(seconds, [&] { way.root([=] { empty_tree<Way>(depth); }); });
    });
    return 1e9 * result / static_cast<double>((std::int64_t{1} << depth) - 1);
}

template <std::size_t cut>
void add_sorts(Report& report, const Context& context) {
    const std::size_t most = context.brief() ? 32 * k : sizes.back().elements;
    Inputs inputs(most);
    for (const Size& size : sizes) {
        const std::size_t n = size.elements;
        if (n > most) continue;
        const auto times = [&](auto&& way) {
            return sort_times<cut>(way, inputs, n, context.seconds);
        };
        const Paired ours = times(OurJoin(context.threads));
        double tbb = not_measured;
#if defined(MORPHOGEN_BENCH_TBB)
        tbb = times(OneTbb{context.threads}).ratio;
#endif
        report.add_row({"quicksort, " + std::to_string(n / k) + "K, " +
                            (cut > 0 ? "cut-off 5K" : "no cut-off"),
                        1e6 * ours.first, times(OurJoin(1)).ratio, ours.ratio,
                        times(OpenMpTasks{context.threads}).ratio, tbb,
                        cut > 0 ? size.rayon_cut : size.rayon_uncut});
    }
}

void add_joins(Report& report, const Context& context) {
    const int depth = context.brief() ? 10 : 20;
    for (const int threads : {1, context.threads}) {
        const std::string suffix = "_ns_" + std::to_string(threads);
        const std::string title =
            ", empty, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
        const auto add = [&](const std::string& key, const std::string& name, auto&& way) {
            report.add_fact(key + suffix, name + title,
                            nanoseconds_per_join(way, depth, context.seconds), "ns per join");
        };
        add("join", "join", OurJoin(threads));
        add("openmp", "OpenMP task", OpenMpTasks{threads});
#if defined(MORPHOGEN_BENCH_TBB)
        add("tbb", "oneTBB parallel_invoke", OneTbb{threads});
#endif
        if (context.threads == 1) break;
    }
    parallel::Team team(context.threads);
    const double region = median_seconds(context.seconds, [&] { team.fork_join([] {}); });
    report.add_fact("region_us", "a region of its own", 1e6 * region, "us");
}

} // namespace

Report measure_join(const Context& context) {
    const std::string n = std::to_string(context.threads);
    Report report("join", "fork-join: speed-up over sequential, " + n + " threads",
                  {{"what", "what"},
                   {"sequential_us", "sequential us", 0, Meaning::detail},
                   {"one_thread", "join, 1 thread", 2},
                   {"speedup", "join, " + n, 2},
                   {"openmp", "OpenMP tasks, " + n, 2, Meaning::detail},
                   {"tbb", "oneTBB, " + n, 2, Meaning::detail},
                   {"rayon_article", "Rayon's article, 4 cores", 2, Meaning::detail}});
    add_joins(report, context);
    add_sorts<cutoff>(report, context);
    add_sorts<0>(report, context);
#if !defined(MORPHOGEN_BENCH_TBB)
    report.add_note("built without oneTBB (libtbb-dev): not compared");
#endif
    if (parallel::usable_cores() < context.threads)
        report.add_note("fewer cores than threads: they took turns");
    return report;
}

} // namespace morphogen::bench
