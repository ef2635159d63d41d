#pragma once

#include "morphogen/rework/rechunk.hpp"
#include "morphogen/store/dataset_reader.hpp"
#include "morphogen/store/dataset_writer.hpp"

#include "rework/rechunk_plan.hpp"

#include <cstdint>
#include <memory>

namespace morphogen::rework {

/// What one dataset becomes, and how.
struct RechunkJob {
    std::unique_ptr<store::DatasetReader> reader;
    store::StorageLayout layout;
    int threads = 1;
    int ranks = 1;                   // that share the slabs
    std::uint64_t stream_memory = 0; // bytes, for reading and decoding
    SlabPlan plan;
    bool shuffled = false; // the slabs, as shuffled_slab.hpp has them
    bool asked_for = true; // else: only to bring data of other files along
};

/// The layout that @p options ask for; threads and slabs for the memory there is, and for @p ranks
/// that share them. @throws core::UsageError naming the least memory that would do
RechunkJob plan_rechunk(std::unique_ptr<store::DatasetReader> reader, const RechunkOptions& options,
                        int ranks);

/// The same with the layout that the dataset, or the first source of a virtual one, has.
RechunkJob plan_copy(std::unique_ptr<store::DatasetReader> reader, const RechunkOptions& options,
                     int ranks);

} // namespace morphogen::rework
