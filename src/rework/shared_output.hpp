#pragma once

#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/messages.hpp"

#include "rework/element_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace morphogen::rework {

/// One output file of several ranks: each makes its share of the elements, rank 0 alone writes,
/// because H5Dwrite_chunk is right only with the serial driver and one writer. What the others make
/// comes to rank 0 in messages, of which only a few are under way per rank; one that is ahead
/// waits.
///
/// Per dataset a tag of its own, so that rank 0 takes only what belongs to the one that it writes.
/// At the end, or after an error, every other rank sends one `final` message (did it fail?), and
/// rank 0 one `stop` to each: early, it cancels the rest. Until all have come rank 0 receives
/// whatever is sent, so that nobody waits for ever.
///
/// The host thread of each rank uses it.
class SharedOutput {
public:
    explicit SharedOutput(const mpi::Communicator& ranks);

    const mpi::Communicator& ranks() const noexcept { return ranks_; }

    /// Bytes held on any rank for messages of @p bytes at most.
    static std::uint64_t memory(std::size_t bytes);
    /// Boxes of elements travel in pieces of this many bytes, or of one element.
    static constexpr std::size_t box_bytes = std::size_t{4} << 20;

    /// Runs @p work, each rank's own, which moves elements through sinks only; a failure of any
    /// ends all. Collective. @throws mpi::AgreedError on every rank; mpi::Failure
    void run(const std::function<void()>& work);

    /// For dataset number @p dataset of all, numbered alike on every rank. @p writer on rank 0,
    /// null elsewhere. Its calls throw something private to run() when another rank has failed.
    std::unique_ptr<ElementSink> sink(int dataset, store::DatasetWriter* writer);

private:
    struct Cancelled {}; // another rank tells why
    class Root;
    class Remote;

    void note_finals(); // rank 0; @throws Cancelled
    void note_stop();   // others; @throws Cancelled
    void end_as_root();
    void end_as_other(bool failed);
    std::span<std::byte> receive(const mpi::Message& message);

    const mpi::Communicator& ranks_;
    std::optional<mpi::Outbox> to_root_; // of the others
    std::vector<std::byte> received_;
    int finals_ = 0;       // rank 0 has seen
    bool stopped_ = false; // others: `stop` has come
};

} // namespace morphogen::rework
