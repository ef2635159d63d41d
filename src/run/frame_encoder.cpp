#include "morphogen/run/frame_encoder.hpp"

#include "morphogen/codec/rounding.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/parallel/produce_consume.hpp"

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

} // namespace

void round_cells(std::span<std::byte> cells, core::Precision precision, const Rounding& rounding) {
    if (precision == core::Precision::f32)
        round_as<float>(cells, rounding);
    else
        round_as<double>(cells, rounding);
}

FrameEncoder::Worker::Worker(const store::FrameLayout& layout)
    : encoder(layout.filters, layout.chunk_bytes()), raw(layout.chunk_bytes()) {}

FrameEncoder::FrameEncoder(const store::FrameLayout& layout, Rounding rounding, int threads)
    : layout_(layout), rounding_(rounding), team_(threads) {
    workers_.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i)
        workers_.emplace_back(layout_);
    const auto slots = static_cast<std::size_t>(slots_for(threads));
    for (std::size_t i = 0; i < slots; ++i)
        stored_.emplace_back(codec::ChunkEncoder::bound(layout_.filters, layout_.chunk_bytes()));
    stored_bytes_.resize(slots);
}

std::size_t FrameEncoder::memory(const store::FrameLayout& layout, int threads) {
    const auto workers = static_cast<std::size_t>(threads);
    const auto slots = static_cast<std::size_t>(slots_for(threads));
    // Two raw chunks per worker: the gathered one and the encoder's shuffled one.
    return workers * 2 * layout.chunk_bytes() +
           slots * codec::ChunkEncoder::bound(layout.filters, layout.chunk_bytes());
}

void FrameEncoder::encode_chunk(const store::Frame& frame, core::Index item, Worker& worker,
                                core::Index slot) {
    const double start = core::thread_cpu_seconds();
    const core::Index chunks = layout_.chunks();
    const auto field = static_cast<std::size_t>(item / chunks);
    store::gather_chunk(layout_, item % chunks, frame.cells.data() + field * layout_.field_bytes(),
                        worker.raw.data());
    round_cells(worker.raw.span(), layout_.precision, rounding_);
    const auto s = static_cast<std::size_t>(slot);
    stored_bytes_[s] = worker.encoder.encode(worker.raw.span(), stored_[s].span());
    worker.cpu_seconds += core::thread_cpu_seconds() - start;
}

void FrameEncoder::encode(const store::Frame& frame, Put put) {
    const core::Index chunks = layout_.chunks();
    const core::Index items = chunks * static_cast<core::Index>(layout_.fields.size());
    parallel::produce_consume(
        team_, items, static_cast<core::Index>(stored_.size()),
        [&](core::Index item, int thread, core::Index slot) {
            Worker& worker = workers_[static_cast<std::size_t>(thread)];
            if (!std::exchange(worker.prepared, true) && thread > 0) {
                // The team's threads inherit the affinity of whoever made them, which may be a
                // single core.
                parallel::restore_process_affinity_on_this_thread();
                parallel::set_background_priority();
                parallel::name_this_thread("mg-compress");
            }
            encode_chunk(frame, item, worker, slot);
        },
        [&](core::Index item, core::Index slot) {
            const auto s = static_cast<std::size_t>(slot);
            put(static_cast<std::size_t>(item / chunks), item % chunks,
                stored_[s].span().first(stored_bytes_[s]));
        });
}

double FrameEncoder::compress_cpu_seconds() const noexcept {
    double seconds = 0.0;
    for (const Worker& worker : workers_)
        seconds += worker.cpu_seconds;
    return seconds;
}

} // namespace morphogen::run
