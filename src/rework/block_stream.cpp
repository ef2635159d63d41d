#include "morphogen/rework/block_stream.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"

#include "rework/block_decoder.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace morphogen::rework {

using core::Index;
using core::NdBox;
using store::DatasetReader;

/// A block on its way.
struct BlockStream::Item {
    Index number = 0;
    FetchedBlock block;
    std::exception_ptr error; // of reading, decoding or using it
};

struct BlockStream::Worker {
    BlockDecoder decoder;
};

namespace {

int threads_within(const DatasetReader& reader, int threads, std::uint64_t memory) {
    MORPHOGEN_EXPECT(threads >= 1);
    while (threads > 1 && BlockStream::least_memory(reader, threads) > memory)
        --threads;
    const std::uint64_t least = BlockStream::least_memory(reader, threads);
    if (least > memory) {
        const std::string where = reader.file().path().native() + ", " + reader.info().path;
        const std::string why = "its chunks are " + core::format_size(reader.block_bytes()) +
                                " each: " + core::format_size(least) +
                                " are needed to decode one, " + core::format_size(memory) +
                                " may be used";
        throw core::Error(core::ErrorText{.what = "not enough memory to read dataset",
                                          .where = where,
                                          .why = why,
                                          .advice = "give more --memory"},
                          core::ExitCode::usage);
    }
    return threads;
}

} // namespace

std::uint64_t BlockStream::least_memory(const DatasetReader& reader, int threads) {
    const auto t = static_cast<std::uint64_t>(threads);
    return t * (BlockDecoder::memory(reader) + BlockDecoder::fetched_memory(reader));
}

// Slots: enough that nobody waits: one being read, one per thread, one waiting per thread.
BlockStream::BlockStream(const DatasetReader& reader, int threads, std::uint64_t memory)
    : reader_(reader), team_(threads_within(reader, threads, memory)) {
    const auto t = static_cast<std::uint64_t>(team_.size());
    const std::uint64_t for_slots = memory - t * BlockDecoder::memory(reader);
    const auto slots = static_cast<Index>(std::min<std::uint64_t>(
        for_slots / std::max<std::uint64_t>(BlockDecoder::fetched_memory(reader), 1),
        static_cast<std::uint64_t>(most_in_flight(team_.size()))));
    for (int i = 0; i < team_.size(); ++i)
        workers_.push_back(std::make_unique<Worker>());
    pipeline_ = std::make_unique<parallel::Pipeline<Item>>(
        team_, parallel::PipelineLimits{.items = std::max<Index>(slots, 1)});
}

BlockStream::~BlockStream() = default;

/// Reads the blocks of a list, one after the other.
class BlockStream::Source {
public:
    Source(const DatasetReader& reader, std::span<const store::BlockId> blocks, bool goes_on)
        : reader_(reader), blocks_(blocks), goes_on_(goes_on) {}

    parallel::Offer offer(bool) const {
        return next_ < blocks_.size() ? parallel::Offer::item() : parallel::Offer::end();
    }

    void take(Item& item) {
        item.number = static_cast<Index>(next_++);
        item.error = nullptr;
        try {
            fetch_block(reader_, blocks_[static_cast<std::size_t>(item.number)], item.block);
        } catch (...) {
            if (!goes_on_) throw;
            item.error = std::current_exception();
        }
    }

private:
    const DatasetReader& reader_;
    std::span<const store::BlockId> blocks_;
    bool goes_on_;
    std::size_t next_ = 0;
};

void BlockStream::decode(Item& item, int thread, BlockCalls& calls) {
    if (item.error) return;
    try {
        BlockView view =
            workers_[static_cast<std::size_t>(thread)]->decoder.view(reader_, item.block);
        view.number = item.number;
        calls.use(view, thread);
    } catch (...) {
        if (!calls.failed) throw;
        item.error = std::current_exception();
    }
}

void BlockStream::for_each(std::span<const store::BlockId> blocks, BlockCalls calls) {
    struct Sink {
        BlockCalls& calls;
        void put(Item& item) {
            if (item.error)
                calls.failed(item.number, std::exchange(item.error, nullptr));
            else if (calls.done)
                calls.done(item.number);
        }
    };
    pipeline_->run(
        Source(reader_, blocks, static_cast<bool>(calls.failed)),
        [&](Item& item, int thread) { decode(item, thread, calls); }, Sink{calls});
}

void read_into(const DatasetReader& reader, const NdBox& box, std::span<std::byte> out, int threads,
               std::uint64_t memory) {
    MORPHOGEN_EXPECT(out.size() == static_cast<std::size_t>(box.volume()) * reader.element_size());
    const auto blocks = reader.blocks_in(box);
    BlockStream stream(
        reader, useful_threads(threads, static_cast<Index>(blocks.size()), out.size()), memory);
    constexpr std::size_t larger_than_caches = std::size_t{32} << 20;
    const Stores stores = out.size() > larger_than_caches ? Stores::past_caches : Stores::cached;
    const auto place = [&](const BlockView& block, int) {
        block.copy_to(intersect(block.box, box), out.data(), box, stores);
    };
    stream.for_each(blocks, {place});
}

} // namespace morphogen::rework
