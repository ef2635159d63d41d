#include "morphogen/parallel/pipeline.hpp"

#include "catch.hpp"
#include "pipeline_checks.hpp"
#include "watchdog.hpp"

#include <chrono>
#include <vector>

using namespace morphogen;
using core::Index;
using parallel::Delivery;
using parallel::Offer;
using parallel::Pipeline;
using parallel::PipelineFigures;
using parallel::PipelineLimits;
using parallel::Team;
using test::Parcel;
using test::PipelinePlan;
using test::PipelineProbe;
using test::run_pipeline;
using namespace std::chrono_literals;

namespace {

constexpr Delivery orders[] = {Delivery::in_source_order, Delivery::as_completed};

} // namespace

TEST_CASE("pipeline: every item is transformed and delivered once in the order asked for") {
    const test::Watchdog dog("pipeline");
    for (const Delivery order : orders)
        for (const int threads : {1, 2, 3, 5}) {
            Team team(threads);
            for (const Index limit : {1, 2, 3, 8}) {
                const PipelineLimits limits{.items = limit};
                Pipeline<Parcel> pipeline(team, limits, order);
                for (const Index n : {0, 1, 2, 7, 100}) {
                    PipelineProbe probe({.items = n}, limits, order, threads);
                    PipelineFigures figures;
                    CHECK(run_pipeline(pipeline, probe, &figures) == "");
                    CHECK(probe.wrong() == "");
                    CHECK(probe.puts() == n);
                    CHECK(figures.items == n);
                    CHECK(figures.max_items <= limit);
                    CHECK(figures.max_bytes <= static_cast<std::uint64_t>(limit));
                }
            }
        }
}

TEST_CASE("pipeline: groups end after their items and in order whatever their size") {
    const test::Watchdog dog("pipeline groups");
    for (const Delivery order : orders)
        for (const int threads : {1, 3}) {
            Team team(threads);
            for (const Index limit : {1, 2, 7})
                for (const Index group : {1, 2, 5, 50}) {
                    const PipelineLimits limits{.items = limit};
                    Pipeline<Parcel> pipeline(team, limits, order);
                    PipelineProbe probe({.items = 23, .group = group, .jitter = 3}, limits, order,
                                        threads);
                    CHECK(run_pipeline(pipeline, probe) == "");
                    CHECK(probe.wrong() == "");
                    CHECK(probe.groups() == (23 + group - 1) / group);
                }
        }
}

TEST_CASE("pipeline: a team of one works ahead as far as the limit lets it") {
    Team team(1);
    std::vector<Index> order;
    struct Source {
        std::vector<Index>& order;
        Index next = 0;
        Offer offer(bool) { return next < 3 ? Offer::item() : Offer::end(); }
        void take(Parcel& parcel) { order.push_back(parcel.number = next++); }
    };
    struct Sink {
        std::vector<Index>& order;
        void put(Parcel& parcel) { order.push_back(20 + parcel.number); }
    };
    Pipeline<Parcel> pipeline(team, {.items = 2});
    pipeline.run(
        Source{order}, [&](Parcel& parcel, int) { order.push_back(10 + parcel.number); },
        Sink{order});
    CHECK(order == std::vector<Index>{0, 1, 10, 20, 2, 11, 21, 12, 22});
}

TEST_CASE("pipeline: the bytes in flight stay under the limit and large items wait for room") {
    const test::Watchdog dog("pipeline bytes");
    for (const Delivery order : orders)
        for (const int threads : {1, 2, 4}) {
            Team team(threads);
            const PipelineLimits limits{.items = 10, .bytes = 100};
            Pipeline<Parcel> pipeline(team, limits, order);
            PipelineProbe probe({.items = 60, .bytes = {1, 99, 100, 30, 30, 30, 30}}, limits, order,
                                threads);
            PipelineFigures figures;
            CHECK(run_pipeline(pipeline, probe, &figures) == "");
            CHECK(probe.wrong() == "");
            CHECK(figures.max_bytes == 100);
        }
}

TEST_CASE("pipeline: an item larger than the limit is refused and not taken") {
    Team team(2);
    const PipelineLimits limits{.items = 4, .bytes = 100};
    Pipeline<Parcel> pipeline(team, limits);
    PipelineProbe probe({.items = 3, .bytes = {50, 101}}, limits, Delivery::in_source_order, 2);
    CHECK(run_pipeline(pipeline, probe) ==
          "one item of 101 bytes is more than the pipeline may hold, 100");
    CHECK(probe.wrong() == "");
}

TEST_CASE("pipeline: a source that has nothing yet is asked again") {
    const test::Watchdog dog("pipeline later");
    for (const int threads : {1, 3})
        for (const Index each : {1, 2, 5}) {
            Team team(threads);
            const PipelineLimits limits{.items = 3};
            Pipeline<Parcel> pipeline(team, limits);
            PipelineProbe probe({.items = 40, .later_each = each}, limits,
                                Delivery::in_source_order, threads);
            CHECK(run_pipeline(pipeline, probe) == "");
            CHECK(probe.wrong() == "");
            CHECK(probe.puts() == 40);
        }
}

TEST_CASE("pipeline: items are delivered and taken while others are being transformed") {
    const test::Watchdog dog("pipeline overlap");
    Team team(2);
    std::atomic<Index> delivered{0};
    struct Source {
        Index next = 0;
        Offer offer(bool) { return next < 8 ? Offer::item() : Offer::end(); }
        void take(Parcel& parcel) { parcel.number = next++; }
    };
    struct Sink {
        std::atomic<Index>& delivered;
        void put(Parcel&) { ++delivered; }
    };
    Pipeline<Parcel> pipeline(team, {.items = 2}, Delivery::as_completed);
    // The last item, off the host, returns only after the first was delivered: hangs (and the dog
    // bites) if delivering waited for the end.
    pipeline.run(
        Source{},
        [&](Parcel& parcel, int thread) {
            while (thread != 0 && parcel.number == 7 && delivered == 0)
                std::this_thread::yield();
            std::this_thread::sleep_for(1ms);
        },
        Sink{delivered});
    CHECK(delivered == 8);
}

TEST_CASE("pipeline: an error of any part at any item cancels the rest and comes out") {
    const test::Watchdog dog("pipeline errors");
    for (const Delivery order : orders)
        for (const int threads : {1, 2, 4}) {
            Team team(threads);
            for (const Index limit : {1, 5}) {
                const PipelineLimits limits{.items = limit};
                Pipeline<Parcel> pipeline(team, limits, order);
                for (const Index bad : {0, 1, 17, 29}) {
                    PipelinePlan plan{.items = 30, .group = 4};
                    const auto fails = [&](Index PipelinePlan::*part, Index at, const char* text) {
                        PipelinePlan broken = plan;
                        broken.*part = at;
                        PipelineProbe probe(broken, limits, order, threads);
                        CHECK(run_pipeline(pipeline, probe) == text);
                        CHECK(probe.wrong() == "");
                        CHECK(probe.puts() <= 30);
                    };
                    fails(&PipelinePlan::bad_offer, bad, "offer");
                    fails(&PipelinePlan::bad_take, bad, "take");
                    fails(&PipelinePlan::bad_transform, bad, "transform");
                    fails(&PipelinePlan::bad_put, bad, "put");
                    fails(&PipelinePlan::bad_group, bad / 4, "group");
                    PipelineProbe whole(plan, limits, order, threads); // and it still works
                    CHECK(run_pipeline(pipeline, whole) == "");
                    CHECK(whole.puts() == 30);
                }
            }
        }
}

TEST_CASE("pipeline: runs inside a parallel region with the threads it is granted") {
    const test::Watchdog dog("nested pipeline");
    Team outer(2);
    std::atomic<int> right{0};
    outer.run([&](int) {
        Team inner(3);
        const PipelineLimits limits{.items = 4};
        Pipeline<Parcel> pipeline(inner, limits);
        PipelineProbe probe({.items = 50, .group = 7}, limits, Delivery::in_source_order, 3);
        if (run_pipeline(pipeline, probe).empty() && probe.wrong().empty() && probe.puts() == 50)
            ++right;
    });
    CHECK(right == 2);
}

TEST_CASE("pipeline: random limits teams delays and errors on two hosts at once") {
    const test::Watchdog dog("random pipelines");
    std::atomic<int> wrong{0};
    const auto host = [&](unsigned offset) {
        test::repeat_for(700ms, [&](unsigned round) {
            test::Jitter dice(1000 * offset + round);
            const int threads = 1 + static_cast<int>(dice.below(4));
            const PipelineLimits limits{.items = 1 + dice.below(8), .bytes = 10 + dice.below(40)};
            const Delivery order = orders[dice.below(2)];
            PipelinePlan plan{.items = dice.below(150),
                              .group = dice.below(2) * dice.below(20),
                              .later_each = dice.below(5),
                              .bytes = {dice.below(10), dice.below(10), 10},
                              .jitter = 1 + dice.below(1000)};
            Index* const bad[] = {&plan.bad_offer, &plan.bad_take, &plan.bad_transform,
                                  &plan.bad_put};
            if (plan.items > 0 && dice.below(3) == 0)
                *bad[dice.below(4)] = dice.below(static_cast<unsigned>(plan.items));
            Team team(threads);
            Pipeline<Parcel> pipeline(team, limits, order);
            PipelineProbe probe(plan, limits, order, threads);
            const bool failed = !run_pipeline(pipeline, probe).empty();
            if (!probe.wrong().empty() || failed != plan.fails() ||
                (!failed && probe.puts() != plan.items))
                ++wrong;
        });
    };
    std::thread other(host, 1);
    host(2);
    other.join();
    CHECK(wrong == 0);
}
