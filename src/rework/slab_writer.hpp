#pragma once

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/core/nd_box.hpp"
#include "morphogen/rework/convert_groups.hpp"
#include "morphogen/store/stack_file.hpp"

#include "rework/gather_plan.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace morphogen::rework {

/// Rows of /data between two chunk borders, on their way to the file.
struct Slab {
    core::AlignedBuffer<std::byte> values; // [slab_rows, item axes...]
    std::uint64_t group = 0;               // 0 where /data has no axis for groups
    core::Index first_row = 0;             // along the axis of stacking
    core::Index rows_missing = 0;          // before it can be written
    core::Index chunks_missing = 0;        // before it can be used again
};

/// One chunk of a slab.
struct SlabChunk {
    Slab* slab = nullptr;
    core::Index number = 0;                // along the axes of an item, the last fastest
    core::AlignedBuffer<std::byte> stored; // encoded; a recycled buffer
    std::size_t stored_bytes = 0;
};

/// Cuts slabs into chunks, encodes them on any thread, and puts them into the file. All but
/// encode() is for the host thread.
class SlabWriter {
public:
    SlabWriter(const GatherShape& shape, core::Index slabs, int threads, store::StackFile& file);

    bool has_free_slab() const noexcept { return !free_.empty() || made_.size() < most_; }
    /// Filled with what stands for missing values.
    Slab& take_slab(std::uint64_t group, core::Index first_row, core::Index rows);
    std::span<std::byte> row(Slab& slab, core::Index row) const;
    void fill(std::span<std::byte> values) const;
    /// One row of @p slab is as it will be; the last one sends the slab's chunks on their way.
    void complete_row(Slab& slab, Results<SlabChunk>& results);

    void encode(SlabChunk& chunk, int thread);
    void put(SlabChunk& chunk);

private:
    struct Tool { // of one thread
        std::optional<codec::ChunkEncoder> encoder;
        core::AlignedBuffer<std::byte> cut;
    };
    std::span<const std::byte> raw_chunk(const SlabChunk& chunk, Tool& tool) const;
    core::AlignedBuffer<std::byte> take_buffer();
    std::vector<core::Index> origin_of(const SlabChunk& chunk) const; // in /data

    const GatherShape& shape_;
    store::StackFile& file_;
    std::size_t most_;
    core::ChunkGrid grid_;           // of a slab: [slab_rows, item axes...]
    std::vector<std::byte> missing_; // one element
    std::vector<std::unique_ptr<Slab>> made_;
    std::vector<Slab*> free_;
    std::vector<Tool> tools_;
    std::mutex mutex_; // guards buffers_
    std::vector<core::AlignedBuffer<std::byte>> buffers_;
};

} // namespace morphogen::rework
