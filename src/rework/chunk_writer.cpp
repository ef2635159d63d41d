#include "rework/chunk_writer.hpp"

#include <utility>

namespace morphogen::rework {

using core::Index;
using core::NdBox;

/// A chunk on its way into the file.
struct ChunkWriter::Item {
    Index number = 0; // in the dataset's grid
    core::AlignedBuffer<std::byte> stored;
    std::size_t bytes = 0;
};

struct ChunkWriter::Worker {
    Worker(const codec::FilterPipeline& filters, std::size_t bytes)
        : encoder(filters, bytes), raw(bytes) {}
    codec::ChunkEncoder encoder;
    core::AlignedBuffer<std::byte> raw; // a chunk, cut out
};

namespace {

Index slots_for(int threads) {
    return 2 * static_cast<Index>(threads) + 1;
}

} // namespace

ChunkWriter::ChunkWriter(store::DatasetWriter& out, const core::ChunkGrid& grid,
                         const codec::FilterPipeline& filters, std::vector<std::byte> fill,
                         int threads)
    : ChunkWriter([&out](const core::Dims& lo,
                         std::span<const std::byte> stored) { out.write_chunk(lo, stored); },
                  grid, filters, std::move(fill), threads) {}

ChunkWriter::ChunkWriter(Put put, const core::ChunkGrid& grid, const codec::FilterPipeline& filters,
                         std::vector<std::byte> fill, int threads)
    : put_(std::move(put)), grid_(grid), filters_(filters), fill_(std::move(fill)),
      chunk_bytes_(static_cast<std::size_t>(core::volume(grid.chunk())) * fill_.size()),
      team_(threads) {
    for (int i = 0; i < threads; ++i)
        workers_.push_back(std::make_unique<Worker>(filters_, chunk_bytes_));
    pipeline_ = std::make_unique<parallel::Pipeline<Item>>(
        team_, parallel::PipelineLimits{.items = slots_for(threads)},
        parallel::Delivery::in_source_order);
}

ChunkWriter::~ChunkWriter() = default;

std::uint64_t ChunkWriter::memory(const codec::FilterPipeline& filters, std::size_t chunk_bytes,
                                  int threads) {
    // Per worker the raw chunk and the encoder's shuffled one.
    return static_cast<std::uint64_t>(threads) * 2 * chunk_bytes +
           static_cast<std::uint64_t>(slots_for(threads)) *
               codec::ChunkEncoder::bound(filters, chunk_bytes);
}

void ChunkWriter::encode(Item& item, Worker& worker, const NdBox& box, const std::byte* elements) {
    const NdBox full = grid_.full_box(item.number);
    const NdBox inside = intersect(full, box);
    if (inside != full) core::fill_box(full, fill_, worker.raw.data(), full);
    core::copy_box(inside, elements, box, worker.raw.data(), full, fill_.size());
    if (item.stored.empty())
        item.stored =
            core::AlignedBuffer<std::byte>(codec::ChunkEncoder::bound(filters_, chunk_bytes_));
    item.bytes = worker.encoder.encode(worker.raw.span(), item.stored.span());
}

void ChunkWriter::put(Item& item) {
    put_(grid_.full_box(item.number).lo, item.stored.span().first(item.bytes));
}

void ChunkWriter::write(const NdBox& box, const std::byte* elements) {
    struct Source {
        const core::ChunkGrid& grid;
        NdBox chunks;
        Index next = 0;
        parallel::Offer offer(bool) const {
            return next < chunks.volume() ? parallel::Offer::item() : parallel::Offer::end();
        }
        void take(Item& item) { item.number = grid.number_in(chunks, next++); }
    };
    struct Sink {
        ChunkWriter& writer;
        void put(Item& item) { writer.put(item); }
    };
    pipeline_->run(
        Source{grid_, grid_.touched(box)},
        [&](Item& item, int thread) {
            encode(item, *workers_[static_cast<std::size_t>(thread)], box, elements);
        },
        Sink{*this});
}

} // namespace morphogen::rework
