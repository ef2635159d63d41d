#include "morphogen/core/error.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/store/run_directory.hpp"
#include "morphogen/store/schema.hpp"

#include "store/chunk_sink.hpp"
#include "store/shared_sink.hpp"

#include <algorithm>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

void make_directory(const fs::path& path) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot create directory", .where = path.native(), .why = failed.message()});
}

void prepare(const RunDirectory& directory, bool with_parts) {
    if (fs::exists(directory.frames()) || !directory.existing_parts().empty())
        throw core::UsageError(core::ErrorText{.what = "the directory already holds a run",
                                               .where = directory.root.native(),
                                               .advice = "give --force, or another "
                                                         "output.directory"});
    make_directory(with_parts ? directory.parts() : directory.root);
}

/// Every rank's block, by rank. Collective.
std::vector<PartSource> part_sources(const core::Box& mine, const mpi::Communicator& comm) {
    std::vector<PartSource> sources(static_cast<std::size_t>(comm.size()));
    for (int rank = 0; rank < comm.size(); ++rank)
        sources[static_cast<std::size_t>(rank)].file = schema::part_name(0, rank);
    for (std::size_t a = 0; a < 3; ++a) {
        const auto lo = comm.all_gather(mine.lo[a]);
        const auto hi = comm.all_gather(mine.hi[a]);
        for (std::size_t r = 0; r < sources.size(); ++r) {
            sources[r].block.lo[a] = lo[r];
            sources[r].block.hi[a] = hi[r];
        }
    }
    return sources;
}

std::unique_ptr<FrameSink> open_part(const config::Config& config, const RunDirectory& directory,
                                     const FrameLayout& layout, const Provenance& provenance,
                                     const mpi::Communicator& comm) {
    const auto sources = part_sources(layout.block, comm);
    const fs::path path = directory.part(0, comm.rank());
    std::unique_ptr<ChunkSink> sink;
    try {
        mpi::run_collectively(comm, [&] {
            sink = std::make_unique<ChunkSink>(path, config.output.sync, layout, provenance,
                                               Counting::by_master);
        });
        mpi::run_collectively(comm, [&] {
            if (comm.is_root())
                sink->set_master(std::make_unique<MasterFile>(
                    directory.frames(), config.output.sync, layout, sources, provenance));
        });
    } catch (...) {
        sink.reset();
        std::error_code ignored; // nothing of a run that never began stays behind
        fs::remove(path, ignored);
        fs::remove(directory.parts(), ignored); // by whoever comes last: it must be empty
        throw;
    }
    return sink;
}

} // namespace

std::unique_ptr<FrameSink> open_sink(const config::Config& config, const RunDirectory& directory,
                                     const FrameLayout& layout, const Provenance& provenance,
                                     mpi::Communicator comm) {
    const bool alone = comm.size() == 1;
    const bool shared = !alone && config.output.layout == config::Layout::shared;
    mpi::run_collectively(comm, [&] {
        if (shared) check_shared_codec(config.output.codec);
        if (comm.is_root()) prepare(directory, !alone && !shared);
    });
    if (alone)
        return std::make_unique<ChunkSink>(directory.frames(), config.output.sync, layout,
                                           provenance, Counting::alone);
    if (!shared) return open_part(config, directory, layout, provenance, comm);
    std::unique_ptr<FrameSink> sink;
    const mpi::Communicator agreement = comm.duplicate();
    mpi::run_collectively(agreement, [&] {
        sink = std::make_unique<SharedSink>(config, directory.frames(), layout, provenance,
                                            std::move(comm));
    });
    return sink;
}

} // namespace morphogen::store
