#include "rework/shared_output.hpp"

#include "morphogen/mpi/agreement.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <thread>
#include <type_traits>

namespace morphogen::rework {
namespace {

using core::Dims;
using core::Index;
using core::NdBox;

enum Tag : int { final_tag, stop_tag, first_dataset_tag };

constexpr int slots = 4; // messages of one rank under way

/// In front of each message of a dataset.
struct Head {
    enum class Kind : std::int64_t { chunk, box, done } kind = Kind::done;
    std::int64_t rank = 0;
    std::array<Index, Dims::max_rank> lo{};
    std::array<Index, Dims::max_rank> hi{}; // of a box
};
static_assert(std::is_trivially_copyable_v<Head>);

/// What a rank says last.
struct Final {
    std::uint64_t failed = 0;
    std::uint64_t sent = 0; // messages before this one
};
static_assert(std::is_trivially_copyable_v<Final>);

Head head_of(Head::Kind kind, const Dims& lo, const Dims& hi) {
    Head head{.kind = kind, .rank = lo.rank()};
    std::copy(lo.begin(), lo.end(), head.lo.begin());
    std::copy(hi.begin(), hi.end(), head.hi.begin());
    return head;
}
template <typename Plain>
std::span<const std::byte> bytes_of(const Plain& plain) {
    return std::as_bytes(std::span(&plain, 1));
}
Dims dims_of(const std::array<Index, Dims::max_rank>& values, std::int64_t rank) {
    return Dims::from(std::span(values).first(static_cast<std::size_t>(rank)));
}

/// Nothing to do: others need the core, on oversubscribed nodes at least.
void rest() {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
}

} // namespace

std::uint64_t SharedOutput::memory(std::size_t bytes) {
    return static_cast<std::uint64_t>(slots + 1) * (bytes + sizeof(Head));
}

SharedOutput::SharedOutput(const mpi::Communicator& ranks) : ranks_(ranks) {
    if (!ranks.is_root()) to_root_.emplace(ranks, 0, slots);
}

/// Writes its own elements and, between them, those of others that have arrived.
class SharedOutput::Root final : public ElementSink {
public:
    Root(SharedOutput& output, int tag, store::DatasetWriter& writer)
        : output_(output), tag_(tag), writer_(writer) {}

    void write_chunk(const Dims& lo, std::span<const std::byte> stored) override {
        writer_.write_chunk(lo, stored);
        poll();
    }
    void write_box(const NdBox& box, std::span<const std::byte> elements) override {
        writer_.write_box(box, elements);
        poll();
    }
    void poll() override {
        output_.note_finals();
        while (write_one()) {
        }
    }
    void finish() override {
        while (done_ < output_.ranks_.size() - 1) {
            output_.note_finals();
            if (!write_one()) rest();
        }
        writer_.close();
    }

private:
    bool write_one() {
        const auto message = mpi::probe(output_.ranks_, mpi::any_rank, tag_);
        if (!message) return false;
        const std::span<const std::byte> bytes = output_.receive(*message);
        Head head;
        std::memcpy(&head, bytes.data(), sizeof head);
        const auto body = bytes.subspan(sizeof head);
        const Dims lo = dims_of(head.lo, head.rank);
        if (head.kind == Head::Kind::done)
            ++done_;
        else if (head.kind == Head::Kind::chunk)
            writer_.write_chunk(lo, body);
        else
            writer_.write_box({lo, dims_of(head.hi, head.rank)}, body);
        return true;
    }

    SharedOutput& output_;
    int tag_;
    store::DatasetWriter& writer_;
    int done_ = 0; // ranks
};

/// Sends its elements to rank 0.
class SharedOutput::Remote final : public ElementSink {
public:
    Remote(SharedOutput& output, int tag) : output_(output), tag_(tag) {}

    void write_chunk(const Dims& lo, std::span<const std::byte> stored) override {
        send(head_of(Head::Kind::chunk, lo, lo), stored);
    }
    void write_box(const NdBox& box, std::span<const std::byte> elements) override {
        const Index volume = box.volume();
        if (elements.size() <= box_bytes || volume <= 1)
            return send(head_of(Head::Kind::box, box.lo, box.hi), elements);
        // Along the slowest axis that can be cut, parts lie one after the other.
        int axis = 0;
        while (box.hi[axis] - box.lo[axis] <= 1)
            ++axis;
        const Index length = box.hi[axis] - box.lo[axis];
        const std::size_t row = elements.size() / static_cast<std::size_t>(length);
        const Index step = std::max<Index>(static_cast<Index>(box_bytes / row), 1);
        for (Index at = 0; at < length; at += step) {
            NdBox part = box;
            part.lo[axis] = box.lo[axis] + at;
            part.hi[axis] = std::min(part.lo[axis] + step, box.hi[axis]);
            write_box(part, elements.subspan(
                                static_cast<std::size_t>(at) * row,
                                static_cast<std::size_t>(part.hi[axis] - part.lo[axis]) * row));
        }
    }
    void poll() override { output_.note_stop(); }
    void finish() override { send(Head{}, {}); }

private:
    void send(const Head& head, std::span<const std::byte> body) {
        while (true) {
            output_.note_stop();
            if (output_.to_root_->try_send(bytes_of(head), body, tag_)) break;
            rest();
        }
        ++output_.sent_;
    }

    SharedOutput& output_;
    int tag_;
};

std::unique_ptr<ElementSink> SharedOutput::sink(int dataset, store::DatasetWriter* writer) {
    const int tag = first_dataset_tag + dataset;
    if (ranks_.size() == 1) return std::make_unique<LocalSink>(*writer);
    if (writer != nullptr) return std::make_unique<Root>(*this, tag, *writer);
    return std::make_unique<Remote>(*this, tag);
}

std::span<std::byte> SharedOutput::receive(const mpi::Message& message) {
    if (received_.size() < message.bytes) {
        received_ = {}; // first: the two together would be more than was counted
        received_.resize(message.bytes);
    }
    mpi::receive(ranks_, message, received_);
    ++taken_;
    return std::span(received_).first(message.bytes);
}

bool SharedOutput::take_final(const mpi::Message& message) {
    Final final;
    std::memcpy(&final, receive(message).data(), sizeof final);
    ++finals_;
    to_take_ += final.sent + 1;
    return final.failed != 0;
}

void SharedOutput::note_finals() {
    while (const auto message = mpi::probe(ranks_, mpi::any_rank, final_tag))
        if (take_final(*message)) throw Cancelled{};
}

void SharedOutput::note_stop() {
    if (!stopped_)
        if (const auto message = mpi::probe(ranks_, 0, stop_tag)) {
            receive(*message);
            stopped_ = true;
        }
    if (stopped_) throw Cancelled{};
}

void SharedOutput::end_as_root() {
    const std::byte stop{1};
    std::vector<std::unique_ptr<mpi::Outbox>> boxes;
    for (int rank = 1; rank < ranks_.size(); ++rank) {
        boxes.push_back(std::make_unique<mpi::Outbox>(ranks_, rank, 1));
        boxes.back()->try_send(std::span(&stop, 1), {}, stop_tag);
    }
    const auto is_out = [](const auto& box) { return box->is_empty(); };
    // A final message may have been taken before others that its rank had sent earlier.
    while (finals_ < ranks_.size() - 1 || taken_ < to_take_ ||
           !std::all_of(boxes.begin(), boxes.end(), is_out)) {
        const auto message = mpi::probe(ranks_, mpi::any_rank, mpi::any_tag);
        if (!message) {
            rest();
            continue;
        }
        if (message->tag == final_tag)
            take_final(*message);
        else
            receive(*message);
    }
}

void SharedOutput::end_as_other(bool failed) {
    const Final final{.failed = failed ? 1U : 0U, .sent = sent_};
    while (!to_root_->try_send(bytes_of(final), {}, final_tag))
        rest();
    while (!stopped_ || !to_root_->is_empty()) {
        const auto message = stopped_ ? std::nullopt : mpi::probe(ranks_, 0, stop_tag);
        if (message) {
            receive(*message);
            stopped_ = true;
        } else {
            rest();
        }
    }
}

void SharedOutput::run(const std::function<void()>& work, const std::function<void()>& finish) {
    if (ranks_.size() == 1) {
        work();
        return finish();
    }
    const std::exception_ptr error = mpi::capture([&] {
        try {
            work();
        } catch (const Cancelled&) { // whoever failed tells
            return;
        }
    });
    if (ranks_.is_root())
        end_as_root();
    else
        end_as_other(error != nullptr);
    mpi::agree_on_failure(ranks_, error);
    mpi::run_collectively(ranks_, [&] {
        if (ranks_.is_root()) finish();
    });
}

} // namespace morphogen::rework
