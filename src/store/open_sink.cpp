#include "morphogen/core/error.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/store/run_directory.hpp"
#include "morphogen/store/schema.hpp"

#include "store/chunk_sink.hpp"
#include "store/part_move.hpp"
#include "store/resume_plan.hpp"
#include "store/shared_sink.hpp"

#include <algorithm>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using core::Index;

void prepare(const RunDirectory& directory, bool with_parts, bool resumes) {
    if (!resumes && (fs::exists(directory.frames()) || !directory.existing_parts().empty()))
        throw core::UsageError(core::ErrorText{.what = "the directory already holds a run",
                                               .where = directory.root.native(),
                                               .advice = "give --force, or another "
                                                         "output.directory"});
    make_directory(with_parts ? directory.parts() : directory.root);
}

/// Where the run in the directory goes on. Collective; nobody changes anything before all know.
SinkStart resumed(const config::Config& config, const RunDirectory& directory,
                  const FrameLayout& layout, const mpi::Communicator& comm, Index kept) {
    const auto blocks = all_blocks(layout.block, comm);
    const auto wanted = comm.size() > 1 ? config.output.layout : config::Layout::parts;
    RunInventory run;
    SinkStart start;
    mpi::run_collectively(comm, [&] {
        run = take_inventory(directory);
        start = plan_resume(run, layout, blocks, comm.rank(), wanted, config.output.frames_per_file,
                            kept);
    });
    return comm.all_of(start.goes_on) ? start : in_new_segment(run, std::move(start));
}

std::unique_ptr<FrameSink> open_chunks(const config::Config& config, const RunDirectory& directory,
                                       const FrameLayout& layout, const Provenance& provenance,
                                       const mpi::Communicator& comm, SinkStart start) {
    SinkFiles files{.directory = directory,
                    .sync = config.output.sync,
                    .frames_per_file = config.output.frames_per_file,
                    .rank = comm.rank(),
                    .blocks = all_blocks(layout.block, comm)};
    const bool resumes = start.resumed;
    std::unique_ptr<ChunkSink> sink;
    try {
        mpi::run_collectively(comm, [&] {
            sink =
                std::make_unique<ChunkSink>(std::move(files), layout, provenance, std::move(start));
        });
        mpi::run_collectively(comm, [&] { sink->open_master(); });
    } catch (...) {
        if (sink) sink->give_up();
        sink.reset();
        std::error_code ignored; // nothing of a run that never began stays behind
        if (!resumes && comm.size() > 1) {
            // It may have its name although the directory could not be synced; prepare() saw none.
            if (comm.is_root()) fs::remove(directory.frames(), ignored);
            fs::remove(directory.part(0, comm.rank()), ignored);
            fs::remove(directory.parts(), ignored); // by whoever comes last: it must be empty
        }
        throw;
    }
    return sink;
}

} // namespace

std::unique_ptr<FrameSink> open_sink(const config::Config& config, const RunDirectory& directory,
                                     const FrameLayout& layout, const Provenance& provenance,
                                     mpi::Communicator comm, std::optional<Index> kept) {
    const bool shared = comm.size() > 1 && config.output.layout == config::Layout::shared;
    mpi::run_collectively(comm, [&] {
        if (shared) check_shared_codec(config.output.codec);
    });
    SinkStart start;
    if (kept) start = resumed(config, directory, layout, comm, *kept);
    mpi::run_collectively(comm, [&] {
        if (!comm.is_root()) return;
        const bool with_parts =
            start.number > 0 || start.is_virtual || (comm.size() > 1 && !shared);
        prepare(directory, with_parts, kept.has_value());
    });
    if (!shared) return open_chunks(config, directory, layout, provenance, comm, std::move(start));
    std::unique_ptr<FrameSink> sink;
    const mpi::Communicator agreement = comm.duplicate();
    mpi::run_collectively(agreement, [&] {
        sink = std::make_unique<SharedSink>(config, directory, layout, provenance, std::move(comm),
                                            std::move(start));
    });
    return sink;
}

} // namespace morphogen::store
