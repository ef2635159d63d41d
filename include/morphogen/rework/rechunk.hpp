#pragma once

#include "morphogen/codec/spec.hpp"
#include "morphogen/core/box.hpp"
#include "morphogen/mpi/communicator.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace morphogen::rework {

/// What to write, and with how much of the machine.
struct RechunkOptions {
    std::vector<core::Index> chunks; // elements along each axis; longer than an axis: all of it
    bool contiguous = false;         // instead of chunks
    std::optional<codec::Codec> codec = {}; // default: the input's filters, where we can write them
    std::vector<std::string> datasets = {}; // default: every one with as many axes as chunks
    bool replace = false;                   // an OUT that is there
    int threads = 1;
    std::uint64_t memory = 0; // bytes: ceiling on everything held
    /// Raw bytes written so far, and in all; on the calling thread. May be empty.
    std::function<void(std::uint64_t done, std::uint64_t all)> progress = {};
};

/// What was done with one dataset.
struct RechunkedDataset {
    std::string path;
    std::uint64_t raw_bytes = 0;
    double passes = 1.0; // elements decoded, relative to those there are
    core::Index slabs = 0;
};

struct RechunkResult {
    std::vector<RechunkedDataset> datasets;
    std::vector<std::string> notes; // what could not come along
    std::uint64_t bytes_in = 0;     // of files
    std::uint64_t bytes_out = 0;
    double seconds = 0.0;
};

/// Copies the file @p in (of a run: all its parts) to the new file @p out, some datasets with other
/// chunks and codec, everything else as it is. @p out appears when it is complete; after an error
/// nothing of it is left.
/// @throws core::UsageError: options that do not fit the file; less memory than the least that
/// would do. core::Error naming file, dataset and chunk.
///
/// Several @p ranks share the work: each reads, decodes and encodes a share of the new chunks, rank
/// 0 writes them all. Memory and threads are each rank's, the least of all counts. Collective; the
/// host threads call MPI; errors are mpi::AgreedError on every rank (mpi::Failure: end the job).
/// The file is the same, but for the order of chunks in it; results are rank 0's.
RechunkResult rechunk(const std::filesystem::path& in, const std::filesystem::path& out,
                      const RechunkOptions& options,
                      const mpi::Communicator& ranks = mpi::Communicator());

} // namespace morphogen::rework
