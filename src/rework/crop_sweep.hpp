#pragma once

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/parallel/pipeline.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/rework/block_stream.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/dataset_writer.hpp"

#include "rework/sweep_plan.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace morphogen::rework {

/// Crops of a dataset into a new one with a chunk per crop: blocks are read in the order of a sweep
/// and decoded on a team, each once, and copied into all crops that they are part of; a crop that
/// is complete is encoded on the team and written to its place, while the next blocks are decoded.
class CropSweep {
public:
    struct Memory {
        int threads = 1;
        core::Index buffers = 1; // crops that are begun, complete or being encoded, at most
    };
    /// Bytes held with that: blocks and crops on their way, decoders and encoders.
    static std::uint64_t memory(const store::DatasetReader& reader, std::uint64_t crop_bytes,
                                const codec::FilterPipeline& filters, const Memory& memory);
    /// Bytes of its lists for each pair of a crop and a block of a sweep.
    static constexpr std::uint64_t memory_per_use = 128;
    /// And for each crop of the dataset.
    static constexpr std::uint64_t memory_per_crop = 192;
    /// Crops that may be open where @p buffers are there: the others are on their way out.
    static core::Index open_crops(int threads, core::Index buffers);

    /// @param origins [crop][axis]. @param out takes crop n as its chunk n along the first axis.
    CropSweep(const store::DatasetReader& reader, std::span<const std::int64_t> origins,
              const core::Dims& shape, const codec::FilterPipeline& filters,
              store::DatasetWriter& out, const Memory& memory);
    ~CropSweep();

    /// @param crops their numbers, as plan_sweeps() puts them together.
    /// @param crop_done called by the calling thread.
    /// @throws core::Error naming file, dataset and chunk
    void run(std::span<const core::Index> crops, const std::function<void()>& crop_done);

private:
    struct Item; // a block or a crop on its way
    struct Worker;
    class Stages;
    struct Use { // of a block by a crop
        SweepPlace place;
        std::size_t crop; // in crops_
    };
    struct Crop {
        core::Index number = 0;
        core::NdBox box;
        core::Index blocks_missing = 0;
        core::AlignedBuffer<std::byte> elements;
    };

    void list_uses(std::span<const core::Index> crops);
    void copy(const BlockView& block, std::size_t number);

    const store::DatasetReader& reader_;
    std::span<const std::int64_t> origins_;
    const core::Dims shape_;
    const codec::FilterPipeline filters_;
    const bool encodes_; // else crops are stored as they are
    const std::size_t crop_bytes_;
    const core::Index buffers_;
    store::DatasetWriter& out_;
    parallel::Team team_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<parallel::Pipeline<Item>> pipeline_;
    // Of the sweep that runs:
    std::vector<Use> uses_;
    std::vector<std::size_t> first_use_; // of each block; one more: the end
    std::vector<Crop> crops_;
    std::vector<core::AlignedBuffer<std::byte>>
        free_; // for crops; the last used is the first taken
    core::Index made_ = 0;
};

} // namespace morphogen::rework
