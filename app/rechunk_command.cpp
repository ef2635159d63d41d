#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/rework/rechunk.hpp"
#include "morphogen/store/unfinished_files.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace app {
namespace {

namespace core = morphogen::core;
namespace mpi = morphogen::mpi;
namespace rework = morphogen::rework;

struct Options {
    std::string in;
    std::string out;
    std::string chunks;
    std::string codec;
    ReworkOptions shared;
    bool json = false;
    rework::RechunkOptions rechunk;
};

/// "100,60,60": positive numbers.
std::vector<core::Index> parse_chunks(const std::string& text) {
    std::vector<core::Index> chunks;
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at <= end; ++at) {
        core::Index n = 0;
        const auto [stop, error] = std::from_chars(at, end, n);
        if (error != std::errc{} || n < 1 || (stop != end && *stop != ',') || chunks.size() == 8)
            throw core::UsageError(core::ErrorText{
                .what = "bad --chunks",
                .where = text,
                .advice = "give one positive number per axis, as in 100,60,60, or 'contiguous'"});
        chunks.push_back(n);
        at = stop;
    }
    return chunks;
}

rework::RechunkOptions parsed(const Options& options) {
    rework::RechunkOptions wanted = options.rechunk;
    wanted.contiguous = options.chunks == "contiguous";
    if (!wanted.contiguous) wanted.chunks = parse_chunks(options.chunks);
    if (!options.codec.empty()) wanted.codec = morphogen::codec::parse_codec(options.codec);
    if (wanted.contiguous && wanted.codec)
        throw core::UsageError(core::ErrorText{.what = "--codec with contiguous output",
                                               .why = "HDF5 compresses chunks only",
                                               .advice = "leave one of them out"});
    const rework::ReworkBudget budget = options.shared.budget();
    wanted.memory = budget.memory;
    wanted.threads = budget.threads;
    return wanted;
}

void print_json(const rework::RechunkResult& result, std::uint64_t peak) {
    core::JsonWriter json;
    json.begin_object().key("datasets").begin_array();
    for (const auto& d : result.datasets)
        json.begin_object(core::JsonLayout::line)
            .member("path", d.path)
            .member("bytes_raw", d.raw_bytes)
            .member("passes", d.passes)
            .member("slabs", d.slabs)
            .end_object();
    json.end_array()
        .member("bytes_in", result.bytes_in)
        .member("bytes_out", result.bytes_out)
        .member("seconds", result.seconds)
        .member("peak_rss_bytes", peak)
        .end_object();
    fmt::print("{}\n", json.take());
}

void print_text(const rework::RechunkResult& result, const std::string& out) {
    for (const auto& d : result.datasets)
        fmt::print("{}: {}, each element decoded {:.2f} times, {} slab(s)\n", d.path,
                   core::format_size(d.raw_bytes), d.passes, d.slabs);
    fmt::print("{}: {} in {:.2f} s\n", out, core::format_size(result.bytes_out), result.seconds);
}

/// Ranks on one node share its memory and, unless each is bound to its own, its cores.
void share_node(Options& options, const mpi::Communicator& ranks) {
    const mpi::Communicator node = ranks.split_shared();
    options.shared.sharers = node.size();
    const int cores = morphogen::parallel::usable_cores();
    const auto all = node.allreduce(static_cast<std::int64_t>(cores), mpi::Op::sum);
    if (options.shared.threads == 0 &&
        all > static_cast<std::int64_t>(std::thread::hardware_concurrency()))
        options.shared.threads = std::max(cores / node.size(), 1);
}

/// @throws mpi::AgreedError, on every rank of several
void rechunk(Options options, const mpi::Communicator& ranks) {
    if (ranks.size() > 1) share_node(options, ranks);
    rework::RechunkOptions wanted;
    if (ranks.size() > 1)
        mpi::run_collectively(ranks, [&] { wanted = parsed(options); });
    else
        wanted = parsed(options);
    const rework::RechunkResult result = [&] {
        const CleanUpOnSignal clean_up(std::chrono::milliseconds(ranks.is_root() ? 0 : 500));
        if (!ranks.is_root()) return rework::rechunk(options.in, options.out, wanted, ranks);
        ProgressLine line;
        const auto show = line.of("rechunking: MiB");
        wanted.progress = [&](std::uint64_t done, std::uint64_t all) {
            show(static_cast<core::Index>(done >> 20U), static_cast<core::Index>(all >> 20U));
        };
        return rework::rechunk(options.in, options.out, wanted, ranks);
    }();
    const auto peak = static_cast<std::uint64_t>(
        ranks.allreduce(static_cast<std::int64_t>(core::peak_rss_bytes()), mpi::Op::max));
    if (!ranks.is_root()) return;
    for (const std::string& note : result.notes)
        print_note(note);
    if (options.json)
        print_json(result, peak);
    else
        print_text(result, options.out);
}

/// Under mpirun or srun. Every error that all ranks know is told once; any other ends the job.
int rechunk_as_rank(const Options& options, Program& program) {
    const mpi::Environment environment(program.argc, program.argv, mpi::ThreadLevel::funneled);
    const auto world = mpi::Communicator::world();
    try {
        rechunk(options, world);
        return static_cast<int>(core::ExitCode::done);
    } catch (const mpi::AgreedError& e) {
        if (world.is_root()) print_error(e.what());
        return static_cast<int>(e.exit_code());
    } catch (const core::Error& e) {
        if (world.size() == 1) throw;
        print_error(fmt::format("{} (rank {})", e.what(), world.rank()));
        morphogen::store::remove_unfinished_files();
        world.abort(static_cast<int>(e.exit_code()));
    }
}

} // namespace

void add_rechunk(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "rechunk", "a copy of an HDF5 or netCDF-4 file with other chunks and codec; of a run, one "
                   "file for all its parts; alone, or under mpirun or srun, each rank a share");
    add_input(*command, options->in);
    command->add_option("OUT", options->out, "the new file; appears when it is complete")
        ->required();
    command
        ->add_option("--chunks", options->chunks,
                     "elements along each axis, as in 100,60,60, or 'contiguous'")
        ->required();
    command->add_option("--codec", options->codec,
                        "none, deflate:1 to 9, zstd:1 to 19, lz4 (default: the input's filters)");
    command->add_option("--dataset", options->rechunk.datasets,
                        "which ones (default: all numeric ones with as many axes as --chunks)");
    add_budget(*command, options->shared);
    add_force(*command, options->rechunk.replace);
    add_json(*command, options->json);
    command->callback([options, &program] {
        if (morphogen::mpi::launched_by_mpi())
            program.exit_code = rechunk_as_rank(*options, program);
        else
            rechunk(*options, mpi::Communicator());
    });
}

} // namespace app
