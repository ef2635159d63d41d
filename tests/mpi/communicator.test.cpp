#include "morphogen/mpi/communicator.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/mpi/request.hpp"

#include "catch.hpp"

#include <mpi.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

using morphogen::core::Error;
using morphogen::core::ExitCode;
using morphogen::core::UsageError;
using morphogen::mpi::Communicator;
using morphogen::mpi::Op;

namespace {

/// Which ranks a merge has seen, in order: merging is associative, not commutative.
struct Seen {
    std::array<int, 16> rank{};
    int count = 0;
};

void merge(Seen& into, const Seen& from) {
    for (int i = 0; i < from.count; ++i)
        into.rank[static_cast<std::size_t>(into.count++)] = from.rank[static_cast<std::size_t>(i)];
}

} // namespace

TEST_CASE("the environment tells what was granted and who launched") {
    CHECK(morphogen::mpi::is_active());
    CHECK(morphogen::mpi::launched_by_mpi());
    CHECK_FALSE(morphogen::mpi::library_version().empty());
    CHECK(morphogen::mpi::library_version().find('\n') == std::string::npos);
    int argc = 0;
    char** argv = nullptr;
    CHECK_THROWS_AS(morphogen::mpi::Environment(argc, argv, morphogen::mpi::ThreadLevel::single),
                    Error);
}

TEST_CASE("reductions over all ranks") {
    const Communicator world = Communicator::world();
    const int n = world.size();
    CHECK(world.allreduce(std::int64_t{world.rank()}, Op::sum) == n * (n - 1) / 2);
    CHECK(world.allreduce(std::int64_t{world.rank()}, Op::max) == n - 1);
    CHECK(world.allreduce(-1.5 * world.rank(), Op::min) == -1.5 * (n - 1));
    std::array<std::int64_t, 2> pair{1, world.rank()};
    world.allreduce(pair, Op::sum);
    CHECK(pair[0] == n);
    CHECK(world.all_of(true));
    CHECK(world.all_of(world.rank() != 0) == false);
    CHECK(world.any_of(world.rank() == n - 1));
    CHECK_FALSE(world.any_of(false));
    CHECK(world.agree(INT64_MIN));
    CHECK(world.agree(INT64_MAX));
    CHECK(world.agree(world.rank()) == (n == 1));
}

TEST_CASE("a struct is reduced in the order of ranks") {
    const Communicator world = Communicator::world();
    Seen seen;
    seen.rank[0] = world.rank();
    seen.count = 1;
    world.allreduce_struct<Seen>(seen, merge);
    REQUIRE(seen.count == world.size());
    for (int r = 0; r < world.size(); ++r)
        CHECK(seen.rank[static_cast<std::size_t>(r)] == r);
}

TEST_CASE("texts and bytes travel") {
    const Communicator world = Communicator::world();
    const int last = world.size() - 1;
    std::string text = world.rank() == last ? "from the last" : "";
    world.broadcast(text, last);
    CHECK(text == "from the last");
    const std::vector<std::string> all =
        world.gather(std::string(static_cast<std::size_t>(world.rank()), 'x'), last);
    CHECK(all.size() == static_cast<std::size_t>(world.rank() == last ? world.size() : 0));
    for (std::size_t r = 0; r < all.size(); ++r)
        CHECK(all[r] == std::string(r, 'x'));
    CHECK(world.all_gather(10 + world.rank()).back() == 10 + last);
}

TEST_CASE("the lowest failing rank is heard on all") {
    const Communicator world = Communicator::world();
    CHECK_FALSE(world.agree_on_error(std::nullopt));
    std::optional<std::string> mine;
    if (world.rank() >= world.size() / 2) mine = "rank " + std::to_string(world.rank()) + " failed";
    CHECK(world.agree_on_error(mine) == "rank " + std::to_string(world.size() / 2) + " failed");
    try {
        morphogen::mpi::run_collectively(world, [&] {
            if (world.rank() == world.size() - 1) throw UsageError("the last one");
        });
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string(error.what()) == "the last one");
        CHECK(error.exit_code() == ExitCode::usage);
    }
    const auto unknown = [&] {
        if (world.rank() == 0) throw 7;
    };
    CHECK_THROWS_WITH(morphogen::mpi::run_collectively(world, unknown), "unknown error (rank 0)");
    const auto no_memory = [] { throw std::bad_alloc(); };
    CHECK_THROWS_WITH(morphogen::mpi::run_collectively(world, no_memory),
                      Catch::Contains("out of memory (rank 0)"));
    morphogen::mpi::run_collectively(world, [] {});
}

TEST_CASE("parts of a communicator") {
    const Communicator world = Communicator::world();
    const Communicator parity = world.split(world.rank() % 2, -world.rank());
    CHECK(parity.size() == (world.size() + 1 - world.rank() % 2) / 2);
    const bool is_highest = world.rank() + 2 >= world.size();
    CHECK(parity.is_root() == is_highest);
    CHECK(world.split_shared().size() == world.size()); // the tests run on one machine
    const MPI_Comm hosts = MPI_COMM_WORLD;
    const Communicator taken = Communicator::duplicate_of(&hosts);
    CHECK(taken.rank() == world.rank());
    int same = MPI_UNEQUAL;
    MPI_Comm_compare(*static_cast<const MPI_Comm*>(taken.native()), MPI_COMM_WORLD, &same);
    CHECK(same == MPI_CONGRUENT);
}

TEST_CASE("a group of one without MPI") {
    const Communicator alone;
    CHECK(alone.native() == nullptr);
    CHECK(alone.size() == 1);
    CHECK(alone.duplicate().size() == 1);
    CHECK(alone.allreduce(3.5, Op::sum) == 3.5);
    CHECK(alone.gather("me") == std::vector<std::string>{"me"});
    CHECK(alone.agree_on_error("bad") == "bad");
    alone.barrier();
}

TEST_CASE("an error of MPI names the call") {
    const Communicator world = Communicator::world();
    std::array<std::byte, 4> bytes{};
    try {
        world.broadcast(bytes, world.size()); // no such root
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(std::string(error.what()).find("MPI failed (MPI_Bcast): ") == 0);
    }
}

TEST_CASE("persistent messages go round a ring") {
    const Communicator world = Communicator::world();
    const int next = (world.rank() + 1) % world.size();
    const int previous = (world.rank() + world.size() - 1) % world.size();
    std::array<std::int64_t, 2> out{};
    std::array<std::int64_t, 2> in{};
    morphogen::mpi::RequestSet ring;
    CHECK(ring.empty());
    CHECK(ring.progress());
    ring.add_receive(world, std::as_writable_bytes(std::span(in)), previous, 1);
    ring.add_send(world, std::as_bytes(std::span(out)), next, 1);
    for (int lap = 0; lap < 50; ++lap) {
        out = {lap, world.rank()};
        ring.start_all();
        ring.progress();
        ring.wait_all();
        REQUIRE(in[0] == lap);
        REQUIRE(in[1] == previous);
    }
}
