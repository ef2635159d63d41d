#include "rework/sweep_plan.hpp"

#include "morphogen/rework/boxes.hpp"
#include "morphogen/store/reader.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

using namespace morphogen;
using core::Dims;
using core::Index;
using core::NdBox;
using rework::SweepLimits;
using rework::SweepPlan;

namespace {

struct Boxes {
    std::vector<NdBox> boxes;
    std::vector<std::int64_t> origins;
};

Boxes draw(const Dims& whole, const Dims& shape, Index count) {
    Boxes drawn;
    for (Index n = 0; n < count; ++n) {
        drawn.boxes.push_back(rework::random_box(whole, shape, 5, n));
        for (const Index x : drawn.boxes.back().lo)
            drawn.origins.push_back(x);
    }
    return drawn;
}

/// Blocks read by a plan; checks that it holds its limits and has every box once.
Index blocks_read(const store::DatasetReader& reader, const Boxes& drawn, const SweepPlan& plan,
                  const SweepLimits& limits) {
    std::vector<Index> order = plan.order;
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i)
        REQUIRE(order[i] == static_cast<Index>(i));
    REQUIRE(order.size() == drawn.boxes.size());
    Index begin = 0;
    Index blocks = 0;
    for (const Index end : plan.ends) {
        REQUIRE(end > begin);
        std::map<rework::SweepPlace, std::vector<Index>> uses;
        Index all_uses = 0;
        for (Index i = begin; i < end; ++i) {
            const Index box = plan.order[static_cast<std::size_t>(i)];
            for (const auto block : reader.blocks_in(drawn.boxes[static_cast<std::size_t>(box)])) {
                uses[rework::sweep_place(reader, block)].push_back(box);
                ++all_uses;
            }
        }
        if (end - begin > 1) REQUIRE(all_uses <= limits.uses);
        std::map<Index, rework::SweepPlace> last;
        for (const auto& [place, boxes] : uses)
            for (const Index box : boxes)
                last[box] = place;
        std::set<Index> open;
        for (const auto& [place, boxes] : uses) {
            open.insert(boxes.begin(), boxes.end());
            REQUIRE(static_cast<Index>(open.size()) <= limits.open);
            for (const Index box : boxes)
                if (last[box] == place) open.erase(box);
        }
        blocks += static_cast<Index>(uses.size());
        begin = end;
    }
    REQUIRE(begin == static_cast<Index>(drawn.boxes.size()));
    return blocks;
}

std::unique_ptr<store::DatasetReader> open(const test::TemporaryDirectory& directory,
                                           const Dims& chunk) {
    const auto path =
        test::write_samples(directory / "data.h5", {{.shape = {60, 40, 40}, .chunk = chunk}});
    return std::make_unique<store::DatasetReader>(std::make_shared<store::FileReader>(path),
                                                  "data");
}

} // namespace

TEST_CASE("what fits is one sweep, in which each chunk is read once") {
    const test::TemporaryDirectory directory;
    const auto reader = open(directory, {1, 10, 10});
    const Boxes drawn = draw(reader->shape(), {4, 8, 8}, 600);
    const SweepLimits limits{.open = 600, .uses = 1 << 20};
    const SweepPlan plan = rework::plan_sweeps(*reader, drawn.origins, {4, 8, 8}, limits);
    CHECK(plan.ends.size() == 1);
    std::set<Index> touched;
    for (const NdBox& box : drawn.boxes)
        for (const auto block : reader->blocks_in(box))
            touched.insert(block.number);
    CHECK(blocks_read(*reader, drawn, plan, limits) == static_cast<Index>(touched.size()));
    // At most about 600 * 4 / 57 are open at once.
    const SweepLimits fewer{.open = 70, .uses = 1 << 20};
    CHECK(rework::plan_sweeps(*reader, drawn.origins, {4, 8, 8}, fewer).ends.size() == 1);
}

TEST_CASE("limits hold for every shape of chunks, and parts are where few chunks are read twice") {
    const test::TemporaryDirectory directory;
    for (const Dims& chunk : {Dims{1, 10, 10}, Dims{60, 4, 4}, Dims{7, 40, 40}, Dims{}}) {
        const auto reader = open(directory, chunk);
        const Boxes drawn = draw(reader->shape(), {4, 8, 8}, 600);
        for (const Index most_open : {1, 2, 9, 25})
            for (const Index uses : {1, 100, 1 << 20}) {
                const SweepLimits limits{.open = most_open, .uses = uses};
                const SweepPlan plan =
                    rework::plan_sweeps(*reader, drawn.origins, {4, 8, 8}, limits);
                const Index blocks = blocks_read(*reader, drawn, plan, limits);
                CAPTURE(most_open, uses, plan.ends.size(), blocks);
                // Half of the 50 that are open in one sweep: two halves of the plane, that share a
                // column of chunks.
                if (chunk == Dims{1, 10, 10} && most_open == 25 && uses > 100)
                    CHECK(blocks <= 60 * 16 * 2);
            }
    }
}

TEST_CASE("boxes in one place are put off one by one") {
    const test::TemporaryDirectory directory;
    const auto reader = open(directory, {60, 40, 40});
    Boxes drawn;
    for (int n = 0; n < 100; ++n) {
        drawn.boxes.push_back({{3, 4, 5}, {7, 12, 13}});
        drawn.origins.insert(drawn.origins.end(), {3, 4, 5});
    }
    const SweepLimits limits{.open = 30, .uses = 1 << 20};
    const SweepPlan plan = rework::plan_sweeps(*reader, drawn.origins, {4, 8, 8}, limits);
    CHECK(blocks_read(*reader, drawn, plan, limits) == 4);
}
