#include "rework/chunk_writer.hpp"

#include "rework/shuffled_slab.hpp"

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

Index chunk_slots(int threads) {
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
        team_, parallel::PipelineLimits{.items = chunk_slots(threads)},
        parallel::Delivery::in_source_order);
}

ChunkWriter::~ChunkWriter() = default;

std::uint64_t ChunkWriter::memory(const codec::FilterPipeline& filters, std::size_t chunk_bytes,
                                  int threads) {
    // Per worker the raw chunk and the encoder's shuffled one.
    return static_cast<std::uint64_t>(threads) * 2 * chunk_bytes +
           static_cast<std::uint64_t>(chunk_slots(threads)) *
               codec::ChunkEncoder::bound(filters, chunk_bytes);
}

void ChunkWriter::encode(Item& item, Worker& worker, const NdBox& box, const std::byte* elements) {
    const NdBox full = grid_.full_box(item.number);
    const NdBox inside = intersect(full, box);
    if (inside != full) core::fill_box(full, fill_, worker.raw.data(), full);
    core::copy_box(inside, elements, box, worker.raw.data(), full, fill_.size());
    item.bytes = worker.encoder.encode(worker.raw.span(), place_for(item));
}

void ChunkWriter::encode_shuffled(Item& item, Worker& worker, const NdBox& box,
                                  const std::byte* elements) {
    const NdBox full = grid_.full_box(item.number);
    const NdBox inside = intersect(full, box);
    const std::size_t element = fill_.size();
    const std::byte* const found =
        elements + static_cast<std::size_t>(elements_before(box, inside)) * element;
    if (inside == full) {
        item.bytes = worker.encoder.encode_shuffled({found, chunk_bytes_}, place_for(item));
        return;
    }
    const auto here = static_cast<std::size_t>(inside.volume());
    for (std::size_t b = 0; b < element; ++b) {
        std::byte* const plane = worker.raw.data() + b * (chunk_bytes_ / element);
        core::fill_box(full, std::span(fill_).subspan(b, 1), plane, full);
        core::copy_box(inside, found + b * here, inside, plane, full, 1);
    }
    item.bytes = worker.encoder.encode_shuffled(worker.raw.span(), place_for(item));
}

std::span<std::byte> ChunkWriter::place_for(Item& item) const {
    if (item.stored.empty())
        item.stored =
            core::AlignedBuffer<std::byte>(codec::ChunkEncoder::bound(filters_, chunk_bytes_));
    return item.stored.span();
}

void ChunkWriter::put(Item& item) {
    put_(grid_.full_box(item.number).lo, item.stored.span().first(item.bytes));
}

void ChunkWriter::write(const NdBox& box, const std::byte* elements) {
    write_each(box, elements, &ChunkWriter::encode);
}

void ChunkWriter::write_shuffled(const NdBox& box, const std::byte* elements) {
    write_each(box, elements, &ChunkWriter::encode_shuffled);
}

void ChunkWriter::write_each(const NdBox& box, const std::byte* elements, Encode how) {
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
            (this->*how)(item, *workers_[static_cast<std::size_t>(thread)], box, elements);
        },
        Sink{*this});
}

} // namespace morphogen::rework
