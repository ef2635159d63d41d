// Random trees of joins with delays and errors, on teams of all sizes. What must hold: without an
// error every node runs once and every result arrives; with errors one that was thrown arrives,
// none that was not, no node runs twice, and nothing of a half's is touched after its join.

#include "morphogen/parallel/join.hpp"
#include "morphogen/parallel/team.hpp"

#include "catch.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

using namespace morphogen;
using namespace std::chrono_literals;
using parallel::join;
using parallel::Team;

namespace {

/// One node of a tree that is fixed by its seed.
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

struct Failure : std::runtime_error {
    explicit Failure(std::uint64_t n) : std::runtime_error("failure"), node(n) {}
    std::uint64_t node;
};

class Tree {
public:
    explicit Tree(unsigned failures_per_1000) : failures_(failures_per_1000) {}

    bool fails(std::uint64_t node) const { return mix(node ^ 0x55) % 1000 < failures_; }

    static std::uint64_t expected(std::uint64_t node, int depth) {
        if (is_leaf(node, depth)) return 1;
        return 1 + expected(left(node), depth - 1) + expected(right(node), depth - 1);
    }

    /// @returns the number of nodes, move-only.
    std::unique_ptr<std::uint64_t> run(std::uint64_t node, int depth) {
        ++visits;
        delay(node);
        if (fails(node)) {
            ++thrown;
            throw Failure(node);
        }
        if (is_leaf(node, depth)) return std::make_unique<std::uint64_t>(1);
        // The halves write here: ASan and TSan see one that outlives the join.
        std::uint64_t mine[2] = {0, 0};
        const auto half = [&](int i) {
            auto nodes = run(i == 0 ? left(node) : right(node), depth - 1);
            mine[i] = *nodes;
            return nodes;
        };
        const auto [a, b] = join([&] { return half(0); }, [&] { return half(1); });
        if (mine[0] != *a || mine[1] != *b) ++wrong;
        return std::make_unique<std::uint64_t>(1 + *a + *b);
    }

    std::atomic<std::uint64_t> visits{0};
    std::atomic<int> thrown{0};
    std::atomic<int> wrong{0};

private:
    static std::uint64_t left(std::uint64_t node) { return mix(2 * node + 1); }
    static std::uint64_t right(std::uint64_t node) { return mix(2 * node + 2); }
    static bool is_leaf(std::uint64_t node, int depth) {
        return depth == 0 || mix(node ^ 0xaa) % 8 == 0; // lopsided
    }
    static void delay(std::uint64_t node) {
        const auto dice = mix(node ^ 0x77) % 256;
        if (dice == 0) std::this_thread::sleep_for(std::chrono::microseconds(mix(node) % 150));
        if (dice < 8) std::this_thread::yield();
    }

    unsigned failures_;
};

void one_tree(Team& team, std::uint64_t seed) {
    Tree tree(seed % 3 == 0 ? static_cast<unsigned>(mix(seed) % 20) : 0);
    const int depth = static_cast<int>(mix(seed + 1) % 12);
    try {
        const auto nodes = *team.fork_join([&] { return tree.run(seed, depth); });
        CHECK(nodes == Tree::expected(seed, depth));
        CHECK(tree.visits == nodes);
        CHECK(tree.thrown == 0);
    } catch (const Failure& failure) {
        CHECK(tree.fails(failure.node));
        CHECK(tree.thrown > 0);
        CHECK(tree.visits <= Tree::expected(seed, depth));
    }
    CHECK(tree.wrong == 0);
}

} // namespace

TEST_CASE("random trees of joins with delays and errors") {
    const test::Watchdog dog("random trees", 60s);
    for (const int threads : {1, 2, 3, 5}) {
        Team team(threads);
        test::repeat_for(400ms, [&](unsigned seed) { one_tree(team, mix(seed)); });
    }
}

TEST_CASE("random trees of joins in one region after the other, and many in one") {
    const test::Watchdog dog("random trees in one region", 60s);
    Team team(2);
    team.fork_join(
        [&] { test::repeat_for(400ms, [&](unsigned seed) { one_tree(team, mix(seed + 1000)); }); });
}
