#pragma once

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/parallel/pipeline.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/store/dataset_writer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace morphogen::rework {

/// Elements in memory, cut into chunks, encoded on a team, written by the calling thread.
class ChunkWriter {
public:
    /// @param grid of the new dataset. @param fill one element: what chunks hold past the edges.
    ChunkWriter(store::DatasetWriter& out, const core::ChunkGrid& grid,
                const codec::FilterPipeline& filters, std::vector<std::byte> fill, int threads);
    /// @param put takes each encoded chunk at @p lo, in order, on the calling thread.
    using Put = std::function<void(const core::Dims& lo, std::span<const std::byte> stored)>;
    ChunkWriter(Put put, const core::ChunkGrid& grid, const codec::FilterPipeline& filters,
                std::vector<std::byte> fill, int threads);
    ~ChunkWriter();

    /// Bytes held for chunks of @p chunk_bytes.
    static std::uint64_t memory(const codec::FilterPipeline& filters, std::size_t chunk_bytes,
                                int threads);

    /// Every chunk of @p box, whose elements are in @p elements, dense. The box is a whole number
    /// of chunks, but for the dataset's edges.
    void write(const core::NdBox& box, const std::byte* elements);
    /// The same with @p elements as shuffled_slab.hpp has them.
    void write_shuffled(const core::NdBox& box, const std::byte* elements);

private:
    struct Item;
    struct Worker;

    using Encode = void (ChunkWriter::*)(Item& item, Worker& worker, const core::NdBox& box,
                                         const std::byte* elements);
    void write_each(const core::NdBox& box, const std::byte* elements, Encode how);
    void encode(Item& item, Worker& worker, const core::NdBox& box, const std::byte* elements);
    void encode_shuffled(Item& item, Worker& worker, const core::NdBox& box,
                         const std::byte* elements);
    std::span<std::byte> place_for(Item& item) const;
    void put(Item& item);

    const Put put_;
    const core::ChunkGrid grid_;
    const codec::FilterPipeline filters_;
    const std::vector<std::byte> fill_;
    const std::size_t chunk_bytes_;
    parallel::Team team_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<parallel::Pipeline<Item>> pipeline_;
};

} // namespace morphogen::rework
