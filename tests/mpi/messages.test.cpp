#include "morphogen/mpi/messages.hpp"

#include "morphogen/core/error.hpp"

#include "catch.hpp"

#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

using morphogen::mpi::any_rank;
using morphogen::mpi::any_tag;
using morphogen::mpi::Communicator;
using morphogen::mpi::Message;
using morphogen::mpi::Outbox;
using morphogen::mpi::probe;
using morphogen::mpi::receive;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// Asks until it is so, for at most some seconds.
template <typename Condition>
bool soon(Condition&& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// A ring: each rank sends to the next.
struct Ring {
    Communicator world = Communicator::world();
    int next = (world.rank() + 1) % world.size();
    int previous = (world.rank() + world.size() - 1) % world.size();

    /// What has come from the previous rank; fails if nothing does.
    std::string take(int tag) const {
        std::optional<Message> message;
        REQUIRE(soon([&] { return (message = probe(world, previous, tag)).has_value(); }));
        CHECK(message->from == previous);
        if (tag != any_tag) CHECK(message->tag == tag);
        std::string text(message->bytes, '\0');
        receive(world, *message, std::as_writable_bytes(std::span(text)));
        return text;
    }
    bool nothing_left() const { return !probe(world, any_rank, any_tag); }
};

} // namespace

TEST_CASE("messages arrive whole and in order, under their tags") {
    const Ring ring;
    Outbox out(ring.world, ring.next, 3);
    const std::string mine = "of " + std::to_string(ring.world.rank());
    for (int i = 0; i < 40; ++i) {
        const std::string body(static_cast<std::size_t>(i) * 997, static_cast<char>('a' + i % 26));
        REQUIRE(soon([&] { return out.try_send(bytes_of(mine), bytes_of(body), i % 2); }));
        CHECK(ring.take(i % 2) == "of " + std::to_string(ring.previous) + body);
    }
    REQUIRE(soon([&] { return out.is_empty(); }));
    CHECK(ring.nothing_left());
}

TEST_CASE("no more messages than slots are under way until one is received") {
    const Ring ring;
    Outbox out(ring.world, ring.next, 2);
    CHECK(out.is_empty());
    REQUIRE(out.try_send(bytes_of("first"), {}, 5));
    REQUIRE(out.try_send({}, bytes_of("second"), 6));
    CHECK_FALSE(out.try_send(bytes_of("third"), {}, 5));
    CHECK_FALSE(out.is_empty());
    ring.world.barrier(); // until here nobody has received anything
    CHECK(ring.take(5) == "first");
    REQUIRE(soon([&] { return out.try_send(bytes_of("third"), {}, 5); }));
    CHECK(ring.take(6) == "second");
    CHECK(ring.take(5) == "third");
    REQUIRE(soon([&] { return out.is_empty(); }));
    // Not empty while one of them waits, whichever slot it has.
    REQUIRE(out.try_send(bytes_of("taken"), {}, 7));
    REQUIRE(out.try_send(bytes_of("waits"), {}, 8));
    CHECK(ring.take(7) == "taken");
    ring.world.barrier(); // everybody has taken one
    bool too_early = false;
    for (int i = 0; i < 1000; ++i)
        too_early |= out.is_empty();
    CHECK_FALSE(too_early);
    ring.world.barrier(); // until here nobody has taken the other
    CHECK(ring.take(8) == "waits");
    REQUIRE(soon([&] { return out.is_empty(); }));
}

TEST_CASE("a probe tells of what was asked for and leaves the rest") {
    const Ring ring;
    CHECK(ring.nothing_left());
    ring.world.barrier(); // until here nobody has sent anything
    Outbox out(ring.world, ring.next, 2);
    REQUIRE(out.try_send({}, {}, 8)); // a message may be empty
    REQUIRE(out.try_send(bytes_of("nine"), {}, 9));
    std::optional<Message> message;
    REQUIRE(soon([&] { return (message = probe(ring.world, any_rank, 9)).has_value(); }));
    CHECK(message->bytes == 4);
    CHECK_FALSE(probe(ring.world, ring.previous, 7));
    if (ring.world.size() > 2) CHECK_FALSE(probe(ring.world, ring.next, any_tag));
    CHECK(probe(ring.world, ring.previous, 8).has_value()); // asked again, it is still there
    CHECK(ring.take(any_tag).empty());                      // the first that was sent
    CHECK(ring.take(any_tag) == "nine");
    REQUIRE(soon([&] { return out.is_empty(); }));
}

TEST_CASE("what is too long for MPI to count is refused and nothing is sent") {
    const Ring ring;
    Outbox out(ring.world, ring.next, 1);
    const std::byte one{};
    const std::span<const std::byte> huge(&one, std::size_t{1} << 31U); // only its length is read
    CHECK_THROWS_WITH(out.try_send({}, huge, 1), Catch::Contains("2147483648 bytes"));
    CHECK(out.is_empty());
    ring.world.barrier();
    CHECK(ring.nothing_left());
}

TEST_CASE("what is under way survives the outbox that sent it") {
    const Ring ring;
    const std::string text(100'000, 'x');
    {
        Outbox out(ring.world, ring.next, 1);
        REQUIRE(out.try_send(bytes_of(text), {}, 1));
    }
    const std::string other(100'000, 'y'); // where the bytes were, if they were given back
    ring.world.barrier();
    CHECK(ring.take(1) == text);
    CHECK(other.back() == 'y');
}
