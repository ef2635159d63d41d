#pragma once

#include "morphogen/rework/convert_groups.hpp"
#include "morphogen/store/small_dataset.hpp"

#include "rework/gather_plan.hpp"
#include "rework/item_decoder.hpp"
#include "rework/reducer.hpp"
#include "rework/slab_writer.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace morphogen::rework {

/// gather as a conversion of groups: map decodes an item, into its row of a slab or, where groups
/// are reduced, into a buffer of its own; reduce completes the row; a chunk of a slab is a result.
class GatherJob {
public:
    struct Value {
        Slab* slab = nullptr;
        core::Index row = 0; // of the slab
        std::span<std::byte> values;
        core::AlignedBuffer<std::byte> own; // where groups are reduced
        store::SmallDataset found;          // without chunks: read by the library already
    };
    using Result = SlabChunk;

    GatherJob(const FileList& files, const GatherGroups& groups, const GatherShape& shape,
              const GatherOptions& options, SlabWriter& writer, int threads);

    bool ready(std::uint64_t number) const;
    void begin(std::uint64_t number, Value& value);
    void open(ReadFile& file, Value& value);
    void map(ReadFile& file, Value& value, int thread);
    void reduce(std::uint64_t number, Value& value, Results<SlabChunk>& results);
    void failed(ReadFile& file, const core::Error& error, Value& value,
                Results<SlabChunk>& results);
    void end_group(std::uint64_t group, Results<SlabChunk>& results);
    void finish(SlabChunk& chunk, int thread) { writer_.encode(chunk, thread); }
    void put(SlabChunk& chunk) { writer_.put(chunk); }

    std::uint64_t failures() const noexcept { return failures_; }

private:
    struct Row { // of /data
        std::uint64_t group;
        std::uint64_t slab; // counted over all
        core::Index first;  // row of the slab
        core::Index count;
        core::Index row;
    };
    Row row_of(std::uint64_t number) const;
    void open_hdf5(ReadFile& file, Value& value);
    void open_raw(ReadFile& file, Value& value) const;
    void delivered(Value& value);

    const FileList& files_;
    const GatherGroups& groups_;
    const GatherShape& shape_;
    const GatherOptions& options_;
    SlabWriter& writer_;
    store::ImageReader images_;
    std::vector<ItemDecoder> decoders_;
    std::optional<Reducer> reducer_;
    Slab* slab_ = nullptr; // the newest
    std::uint64_t slab_number_ = 0;
    std::deque<std::pair<Slab*, core::Index>> group_rows_; // of groups that are not reduced yet
    core::Index done_ = 0;
    std::uint64_t failures_ = 0;
};

} // namespace morphogen::rework
