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
/// At the end, or after an error, every other rank sends one `final` message (did it fail? how many
/// messages came before?), and rank 0 one `stop` to each: early, it cancels the rest. Rank 0 takes
/// whatever is sent until it has as many as the final ones tell, so that nobody waits for ever.
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

    /// Runs @p work, each rank's own, which moves elements through sinks only, and when all have
    /// done theirs @p finish on rank 0: to close the file any earlier would leave one that another
    /// rank, failing last, says was not written. A failure of any ends all. Collective.
    /// @throws mpi::AgreedError on every rank; mpi::Failure
    void run(
        const std::function<void()>& work, const std::function<void()>& finish = [] {});

    /// For dataset number @p dataset of all, numbered alike on every rank. @p writer on rank 0,
    /// null elsewhere. Its calls throw something private to run() when another rank has failed.
    std::unique_ptr<ElementSink> sink(int dataset, store::DatasetWriter* writer);

private:
    struct Cancelled {}; // another rank tells why
    class Root;
    class Remote;

    void note_finals();                           // rank 0; @throws Cancelled
    void note_stop();                             // others; @throws Cancelled
    bool take_final(const mpi::Message& message); // did that rank fail?
    void end_as_root();
    void end_as_other(bool failed);
    std::span<std::byte> receive(const mpi::Message& message);

    const mpi::Communicator& ranks_;
    std::optional<mpi::Outbox> to_root_; // of the others
    std::vector<std::byte> received_;
    // Rank 0:
    int finals_ = 0;            // that came
    std::uint64_t taken_ = 0;   // messages
    std::uint64_t to_take_ = 0; // by the finals that came
    // Others:
    std::uint64_t sent_ = 0; // messages
    bool stopped_ = false;   // `stop` has come
};

} // namespace morphogen::rework
