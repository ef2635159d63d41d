#pragma once

#include "morphogen/mpi/communicator.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

namespace morphogen::mpi {

/// A message that has arrived and waits to be received.
struct Message {
    int from = 0;
    int tag = 0;
    std::size_t bytes = 0;
};

constexpr int any_rank = -1;
constexpr int any_tag = -1;

/// What has arrived from @p from with @p tag, if anything; does not wait. @throws Failure
std::optional<Message> probe(const Communicator& comm, int from, int tag);

/// Receives what probe() has told of. @p into holds at least message.bytes. @throws Failure
void receive(const Communicator& comm, const Message& message, std::span<std::byte> into);

/// Messages to one rank, sent while the caller goes on, of which only so many are under way: one
/// counts until the other side has begun to receive it, so whoever receives slowly slows down who
/// sends, and nothing piles up on either side. Messages arrive in order. One thread at a time.
class Outbox {
public:
    /// @param slots messages under way at once, at least 1.
    Outbox(const Communicator& comm, int to, int slots);
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// Copies @p head and @p body into one message; false, and nothing is done, if there is no free
    /// slot. @throws Failure; core::Error for 2 GiB or more
    bool try_send(std::span<const std::byte> head, std::span<const std::byte> body, int tag);
    /// Whether everything that was sent has been received. @throws Failure
    bool is_empty();

private:
    struct Slots;
    std::unique_ptr<Slots> slots_;
    const Communicator& comm_;
    int to_;
};

} // namespace morphogen::mpi
