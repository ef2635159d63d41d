#pragma once

#include "morphogen/rework/gather.hpp"
#include "morphogen/store/small_dataset.hpp"
#include "morphogen/store/stack_file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace morphogen::rework {

/// Which files make a group, in order.
struct GatherGroups {
    bool counted = false;              // /data has an axis for them
    std::vector<std::uint64_t> begins; // of each group in the order; the end behind
    std::vector<std::uint64_t> order;  // file of each place; empty: as listed
    std::vector<std::string> names;    // where a pattern made them
    std::uint64_t largest_group = 0;   // files

    std::uint64_t size() const noexcept { return begins.size() - 1; }
    std::uint64_t files(std::uint64_t group) const noexcept {
        return begins[group + 1] - begins[group];
    }
    std::uint64_t file_at(std::uint64_t place) const noexcept {
        return order.empty() ? place : order[place];
    }
    std::uint64_t group_of(std::uint64_t place) const noexcept;
};

GatherGroups make_groups(const FileList& files, const GatherOptions& options);

/// What is stacked where. A slab is what lies between two chunk borders along the axis of stacking:
/// `slab_rows` items, or reduced groups.
struct GatherShape {
    store::SmallDataset item; // its type, shape and chunk; of the first readable file
    std::string dataset;
    std::string first_file; // that one
    store::StackLayout layout;
    core::Index slab_rows = 1;
    std::uint64_t row_bytes = 0;     // of /data
    std::uint64_t chunk_bytes = 0;   // of /data
    core::Index chunks_per_slab = 1; // along the axes of an item

    std::uint64_t item_bytes() const noexcept { return item.raw_bytes(); }
    std::uint64_t slab_bytes() const noexcept {
        return row_bytes * static_cast<std::uint64_t>(slab_rows);
    }
    /// The largest stored chunk that a file may have.
    std::uint64_t largest_input_chunk() const noexcept;
    /// Axes of /data before those of an item.
    std::size_t leading_axes() const noexcept { return layout.shape.size() - item.shape.size(); }
};

/// @throws core::Error if no file can be read, or the first one where errors stop.
GatherShape plan_shape(const FileList& files, const GatherGroups& groups,
                       const GatherOptions& options);

/// How much of everything there may be at once.
struct GatherMemory {
    core::Index in_flight = 1;
    core::Index slabs = 1;
    std::uint64_t pool = 0;  // bytes of files that were read
    std::uint64_t total = 0; // bytes
};

/// @param largest_file bytes
/// @throws core::UsageError if @p limit is too small, naming the least that would do.
GatherMemory plan_memory(const GatherShape& shape, const FileList& files, std::uint64_t groups_held,
                         std::uint64_t largest_file, const GatherOptions& options, int threads,
                         std::uint64_t limit);

} // namespace morphogen::rework
