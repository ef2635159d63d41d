#include "morphogen/run/frame_encoder.hpp"

#include "morphogen/codec/rounding.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"

#include <span>
#include <utility>

namespace morphogen::run {
namespace {

template <typename T>
void round_as(std::span<std::byte> raw, const Rounding& rounding) {
    const std::span<T> cells(reinterpret_cast<T*>(raw.data()), raw.size() / sizeof(T));
    if (rounding.keep_bits > 0) codec::round_mantissa(cells, rounding.keep_bits);
    if (rounding.max_error > 0.0) codec::round_absolute(cells, rounding.max_error);
}

/// Chunks in flight per compressing thread: enough that a thread which has to wait for its core
/// does not hold up the disk.
core::Index slots_for(int threads) noexcept {
    return 4 * static_cast<core::Index>(threads);
}

/// Asks for what will be read soon: the processor's own prefetchers see a new stream in each row.
void ask_for(const std::byte* cells, std::size_t bytes) noexcept {
    for (std::size_t at = 0; at < bytes; at += 64)
        __builtin_prefetch(cells + at);
}

} // namespace

void round_cells(std::span<std::byte> cells, core::Precision precision, const Rounding& rounding) {
    if (precision == core::Precision::f32)
        round_as<float>(cells, rounding);
    else
        round_as<double>(cells, rounding);
}

/// A chunk on its way: where its cells are, then what is stored of it.
struct FrameEncoder::Item {
    const std::byte* field_cells = nullptr; // of the frame's block
    EncodedChunk chunk;
    core::AlignedBuffer<std::byte> stored; // made once per slot
};

/// Splits the frames of a stream into chunks.
class FrameEncoder::ChunkSource {
public:
    ChunkSource(const FrameEncoder& encoder, parallel::FunctionRef<FrameOffer(bool)> next)
        : layout_(encoder.layout_), per_frame_(encoder.chunks_per_frame()), next_(next) {}

    parallel::Offer offer(bool may_wait) {
        if (cells_ == nullptr) {
            const FrameOffer offer = next_(may_wait);
            if (offer.kind == FrameOffer::Kind::later) return parallel::Offer::later();
            if (offer.kind == FrameOffer::Kind::end) return parallel::Offer::end();
            cells_ = offer.frame->cells.data();
            number_ = 0;
        }
        return parallel::Offer::item();
    }

    void take(Item& item) {
        const core::Index chunks = layout_.chunks();
        const auto field = static_cast<std::size_t>(number_ / chunks);
        item.field_cells = cells_ + field * layout_.field_bytes();
        item.chunk = {.field = field,
                      .chunk = number_ % chunks,
                      .first = number_ == 0,
                      .last = number_ + 1 == per_frame_,
                      .stored = {}};
        if (++number_ == per_frame_) cells_ = nullptr;
    }

private:
    const store::FrameLayout& layout_;
    const core::Index per_frame_;
    parallel::FunctionRef<FrameOffer(bool)> next_;
    // Of the frame being split. Not the frame: that leaves the ring with its first chunk, and its
    // place there gets another, while later chunks wait for a slot.
    const std::byte* cells_ = nullptr;
    core::Index number_ = 0; // of its next chunk, over all fields
};

FrameEncoder::Worker::Worker(const store::FrameLayout& layout)
    : encoder(layout.filters, layout.chunk_bytes()), row(layout.chunk_row_bytes()) {}

FrameEncoder::FrameEncoder(const store::FrameLayout& layout, Rounding rounding, int threads)
    : layout_(layout), rounding_(rounding), team_(threads) {
    workers_.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i)
        workers_.emplace_back(layout_);
    pipeline_ = std::make_unique<parallel::Pipeline<Item>>(
        team_, parallel::PipelineLimits{.items = slots_for(threads)});
}

FrameEncoder::~FrameEncoder() = default;

std::size_t FrameEncoder::memory(const store::FrameLayout& layout, int threads) {
    const auto workers = static_cast<std::size_t>(threads);
    const auto slots = static_cast<std::size_t>(slots_for(threads));
    // One raw chunk per worker: the encoder's, where rows are gathered and shuffled.
    return workers * (layout.chunk_bytes() + layout.chunk_row_bytes()) +
           slots * codec::ChunkEncoder::bound(layout.filters, layout.chunk_bytes());
}

core::Index FrameEncoder::chunks_per_frame() const noexcept {
    return layout_.chunks() * static_cast<core::Index>(layout_.fields.size());
}

void FrameEncoder::prepare(Worker& worker, int thread) const {
    if (std::exchange(worker.prepared, true)) return;
    // Threads inherit the affinity of whoever made them, which may be a single core, and a region
    // that binds its threads binds the one that starts it to the first place of all.
    parallel::restore_process_affinity_on_this_thread();
    if (thread == 0) return;
    parallel::set_background_priority();
    parallel::name_this_thread("mg-compress");
}

/// Row by row from the frame into the encoder: memory is read once, and what a row needs besides
/// stays in the first cache.
std::size_t FrameEncoder::encode_cells(Worker& worker, const Item& item,
                                       std::span<std::byte> stored) const {
    worker.encoder.begin(layout_.chunk_bytes(), stored);
    const std::span<std::byte> scratch = worker.row.span();
    const std::byte* const end = item.field_cells + layout_.field_bytes();
    const std::size_t two_rows = 2 * layout_.block_row_bytes();
    store::for_each_chunk_row(
        layout_, item.chunk.chunk, item.field_cells, [&](const store::ChunkRow& row) {
            if (static_cast<std::size_t>(end - row.cells) >= two_rows + row.inside)
                ask_for(row.cells + two_rows, row.inside);
            if (row.inside == scratch.size() && rounding_.none()) {
                worker.encoder.add({row.cells, row.inside});
                return;
            }
            store::copy_chunk_row(layout_, row, scratch);
            round_cells(scratch, layout_.precision, rounding_);
            worker.encoder.add(scratch);
        });
    return worker.encoder.finish();
}

void FrameEncoder::encode_chunk(Item& item, int thread) {
    Worker& worker = workers_[static_cast<std::size_t>(thread)];
    prepare(worker, thread);
    const double start = core::thread_cpu_seconds();
    if (item.stored.size() == 0)
        item.stored = core::AlignedBuffer<std::byte>(
            codec::ChunkEncoder::bound(layout_.filters, layout_.chunk_bytes()));
    const std::size_t bytes = encode_cells(worker, item, item.stored.span());
    item.chunk.stored = item.stored.span().first(bytes);
    worker.cpu_seconds += core::thread_cpu_seconds() - start;
}

void FrameEncoder::encode(Calls calls) {
    struct Sink {
        parallel::FunctionRef<void(const EncodedChunk&)> call;
        void put(Item& item) { call(item.chunk); }
    };
    pipeline_->run(
        ChunkSource(*this, calls.next), [&](Item& item, int thread) { encode_chunk(item, thread); },
        Sink{calls.put});
}

double FrameEncoder::compress_cpu_seconds() const noexcept {
    double seconds = 0.0;
    for (const Worker& worker : workers_)
        seconds += worker.cpu_seconds;
    return seconds;
}

} // namespace morphogen::run
