#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/mpi/communicator.hpp"
#include "morphogen/mpi/environment.hpp"
#include "morphogen/rework/rechunk.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <string>

namespace app {
namespace {

namespace core = morphogen::core;
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

void print_json(const rework::RechunkResult& result) {
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
        .member("peak_rss_bytes", core::peak_rss_bytes())
        .end_object();
    fmt::print("{}\n", json.take());
}

void print_text(const rework::RechunkResult& result, const std::string& out) {
    for (const auto& d : result.datasets)
        fmt::print("{}: {}, each element decoded {:.2f} times, {} slab(s)\n", d.path,
                   core::format_size(d.raw_bytes), d.passes, d.slabs);
    fmt::print("{}: {} in {:.2f} s\n", out, core::format_size(result.bytes_out), result.seconds);
}

/// Several ranks of one job would all write OUT.
bool is_refused_rank(Program& program) {
    if (!morphogen::mpi::launched_by_mpi()) return false;
    const morphogen::mpi::Environment mpi(program.argc, program.argv,
                                          morphogen::mpi::ThreadLevel::funneled);
    const auto world = morphogen::mpi::Communicator::world();
    if (world.size() == 1) return false;
    if (world.rank() == 0)
        print_error(core::UsageError(
                        core::ErrorText{
                            .what = "rechunk runs in one process",
                            .why = fmt::format("{} ranks would write the same file", world.size()),
                            .advice = "start it without mpirun or srun: it uses every core"})
                        .what());
    program.exit_code = static_cast<int>(core::ExitCode::usage);
    return true;
}

void rechunk(const Options& options, Program& program) {
    if (is_refused_rank(program)) return;
    rework::RechunkOptions wanted = parsed(options);
    const rework::RechunkResult result = [&] {
        const CleanUpOnSignal clean_up;
        ProgressLine line;
        const auto show = line.of("rechunking: MiB");
        wanted.progress = [&](std::uint64_t done, std::uint64_t all) {
            show(static_cast<core::Index>(done >> 20U), static_cast<core::Index>(all >> 20U));
        };
        return rework::rechunk(options.in, options.out, wanted);
    }();
    for (const std::string& note : result.notes)
        print_note(note);
    if (options.json)
        print_json(result);
    else
        print_text(result, options.out);
}

} // namespace

void add_rechunk(CLI::App& app, Program& program) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "rechunk", "a copy of an HDF5 or netCDF-4 file with other chunks and codec; of a run, one "
                   "file for all its parts");
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
    command->callback([options, &program] { rechunk(*options, program); });
}

} // namespace app
