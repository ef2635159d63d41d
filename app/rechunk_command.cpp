#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/rework/rechunk.hpp"

#include "commands.hpp"

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
    std::string memory;
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
    wanted.memory =
        options.memory.empty() ? core::usable_memory() / 4 : core::parse_size(options.memory);
    if (wanted.threads == 0) wanted.threads = morphogen::parallel::usable_cores();
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

void rechunk(const Options& options) {
    const rework::RechunkResult result = rework::rechunk(options.in, options.out, parsed(options));
    for (const std::string& note : result.notes)
        print_note(note);
    if (options.json)
        print_json(result);
    else
        print_text(result, options.out);
}

} // namespace

void add_rechunk(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand(
        "rechunk", "a copy of an HDF5 or netCDF-4 file with other chunks and codec; of a run, one "
                   "file for all its parts");
    command->add_option("IN", options->in, "a run's directory or an HDF5 file")->required();
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
    command->add_option("--memory", options->memory,
                        "ceiling on everything held, as in 256MiB (default: a quarter of what the "
                        "process may use)");
    command->add_option("--threads", options->rechunk.threads, "default: every core")
        ->check(CLI::PositiveNumber);
    command->add_flag("--force", options->rechunk.replace, "replace OUT if it is there");
    command->add_flag("--json", options->json, "print facts as JSON");
    options->rechunk.threads = 0;
    command->callback([options] { rechunk(*options); });
}

} // namespace app
