#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/rework/gather.hpp"

#include "commands.hpp"
#include "rework_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace app {
namespace {

namespace rework = morphogen::rework;

/// The texts of the command line, read by rework's own parsers.
struct Options {
    std::vector<std::string> files;
    std::string list;
    std::string order = "given";
    std::string chunks;
    std::string codec;
    std::string raw;
    std::string reduction = "stack";
    std::string on_error = "stop";
    ReworkOptions shared;
    bool json = false;
    rework::GatherOptions gather;
};

rework::GatherOptions parsed(const Options& options) {
    rework::GatherOptions gather = options.gather;
    if (!options.chunks.empty()) gather.chunks = rework::parse_chunks(options.chunks);
    if (!options.codec.empty()) gather.codec = morphogen::codec::parse_codec(options.codec);
    if (!options.raw.empty()) gather.raw = rework::parse_raw_format(options.raw);
    const rework::ReworkBudget budget = options.shared.budget();
    gather.memory = budget.memory;
    gather.threads = budget.threads;
    gather.reduction = rework::parse_reduction(options.reduction);
    gather.on_error = options.on_error == "fill" ? rework::OnError::fill : rework::OnError::stop;
    gather.note = print_note;
    return gather;
}

rework::FileList files_of(const Options& options) {
    rework::FileList files = options.list.empty() ? rework::list_files(options.files)
                                                  : rework::read_file_list(options.list);
    if (options.order == "name") files.sort();
    return files;
}

void gather(const Options& options) {
    if (options.list.empty() && options.files.empty())
        throw morphogen::core::UsageError(morphogen::core::ErrorText{
            .what = "no files to gather", .advice = "name them, or a list of them with --list"});
    rework::GatherOptions wanted = parsed(options);
    const rework::FileList files = files_of(options);
    const auto result =
        make_file("gathering: file", wanted, [&] { return rework::gather(files, wanted); });
    if (result.failed > 0)
        print_note(fmt::format("{} file(s) could not be read; their places hold fill values",
                               result.failed));
    if (options.json) {
        fmt::print("{}", to_json(result));
        return;
    }
    fmt::print("{} file(s) in {:.1f} s, {} group(s): {} [{}], {} stored as {}: {}\n", result.files,
               result.seconds, result.groups, name_of(result.type), fmt::join(result.shape, ", "),
               morphogen::core::format_size(result.bytes_raw),
               morphogen::core::format_size(result.bytes_stored), wanted.output.native());
}

void add_groups(CLI::App& command, Options& options) {
    CLI::Option* by_number =
        command.add_option("--group-size", options.gather.group_size, "files per group")
            ->check(CLI::PositiveNumber);
    command
        .add_option("--group-by", options.gather.group_by,
                    "regular expression: files whose first capture (or match) is the same make a "
                    "group")
        ->excludes(by_number);
    command.add_option("--reduce", options.reduction,
                       "stack (default), or mean, min or max of each group");
}

} // namespace

void add_gather(CLI::App& app, Program&) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("gather", "many small files into few chunked datasets, group by group");
    CLI::Option* files = command->add_option(
        "FILES", options->files,
        "HDF5 files, in this order; a run's directory stands for its frames.h5, any "
        "other for its files");
    command->add_option("--list", options->list, "a file that names one file a line; - is stdin")
        ->excludes(files);
    command->add_option("-o,--output", options->gather.output, "the HDF5 file to make")->required();
    command->add_option("--order", options->order, "given (default), or name")
        ->check(CLI::IsMember({"given", "name"}));
    command->add_option(
        "--dataset", options->gather.dataset,
        "which one of each file (default: a run's /v or /u, else the only numeric one)");
    command->add_option("--raw", options->raw,
                        "TYPE:SHAPE, as f32:256x256 or u16be:100: the files are bare values");
    command->add_option("--chunks", options->chunks,
                        "cells per chunk of /data (default: one item)");
    command->add_option("--codec", options->codec, "deflate:1 (default), none, zstd:3, lz4, ...");
    add_groups(*command, *options);
    command
        ->add_option("--on-error", options->on_error,
                     "an unreadable file: stop (default), or fill values in its place")
        ->check(CLI::IsMember({"stop", "fill"}));
    add_budget(*command, options->shared);
    add_force(*command, options->gather.replace);
    add_json(*command, options->json);
    command->callback([options] { gather(*options); });
}

} // namespace app
