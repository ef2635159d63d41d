#include "morphogen/rework/gather.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/json.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/parallel/affinity.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/store/new_file.hpp"

#include "rework/gather_job.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

namespace morphogen::rework {
namespace {

using core::Index;

/// What is known of the files without reading them.
struct Survey {
    std::uint64_t largest = 0;   // bytes
    std::uint64_t first_bad = 0; // of those that are not there; the number of files if none
    int error = 0;               // errno of that one
    std::uint64_t written = 0;   // one that is the output; the number of files if none
};

/// The files that writing @p output would write over, by whatever names: itself, and what it is
/// called until it is complete.
std::vector<struct ::stat> written_over(const std::filesystem::path& output) {
    std::vector<struct ::stat> found;
    for (const auto& name : {output, store::unfinished_path(output)}) {
        struct ::stat info {};
        if (::stat(name.c_str(), &info) == 0) found.push_back(info);
    }
    return found;
}

Survey survey(const FileList& files, const std::filesystem::path& output, parallel::Team& team) {
    const auto outputs = written_over(output);
    std::vector<Survey> found(static_cast<std::size_t>(team.size()),
                              Survey{0, files.size(), 0, files.size()});
    team.run([&](int thread) {
        Survey& mine = found[static_cast<std::size_t>(thread)];
        std::string path;
        for (auto i = static_cast<std::uint64_t>(thread); i < files.size();
             i += static_cast<std::uint64_t>(team.size())) {
            struct ::stat info {};
            path = files[i];
            if (::stat(path.c_str(), &info) != 0) {
                if (mine.first_bad == files.size()) mine.error = errno;
                mine.first_bad = std::min(mine.first_bad, i);
                continue;
            }
            mine.largest = std::max(mine.largest, static_cast<std::uint64_t>(info.st_size));
            for (const struct ::stat& out : outputs)
                if (info.st_dev == out.st_dev && info.st_ino == out.st_ino)
                    mine.written = std::min(mine.written, i);
        }
    });
    Survey all = found.front();
    for (const Survey& one : found) {
        all.largest = std::max(all.largest, one.largest);
        all.written = std::min(all.written, one.written);
        if (one.first_bad < all.first_bad) {
            all.first_bad = one.first_bad;
            all.error = one.error;
        }
    }
    return all;
}

void check(const FileList& files, const Survey& found, const GatherOptions& options) {
    if (found.written < files.size())
        throw core::UsageError(core::ErrorText{.what = "cannot write over the input",
                                               .where = files[found.written],
                                               .why = "it is read while OUT is written",
                                               .advice = "choose another OUT"});
    if (options.on_error == OnError::stop && found.first_bad < files.size()) {
        const std::string why = core::errno_text(found.error);
        throw core::Error(core::ErrorText{
            .what = "cannot open file", .where = files[found.first_bad], .why = why});
    }
}

/// Every file in its place, and where groups end. Called on the reader's thread.
FileSource in_order(const FileList& files, const GatherGroups& groups) {
    return [&files, &groups, place = std::uint64_t{0}, group = std::uint64_t{0}]() mutable
           -> std::optional<std::variant<std::filesystem::path, io::EndOfGroup>> {
        if (group == groups.size()) return std::nullopt;
        if (place == groups.begins[group + 1]) return io::EndOfGroup{.tag = group++};
        return std::filesystem::path(files[groups.file_at(place++)]);
    };
}

void put_sources(store::StackFile& out, const FileList& files, const GatherGroups& groups) {
    for (std::uint64_t g = 0; g < groups.size(); ++g)
        out.put_sources(
            static_cast<Index>(g), 0, static_cast<Index>(groups.files(g)), [&](Index item) {
                return files[groups.file_at(groups.begins[g] + static_cast<std::uint64_t>(item))];
            });
}

void note_zeros(const GatherGroups& groups, const GatherShape& shape, std::uint64_t failures,
                const GatherOptions& options) {
    const bool ragged = options.reduction == Reduction::stack &&
                        groups.size() * groups.largest_group != groups.begins.back();
    if (is_floating(shape.layout.type) || !options.note || (!ragged && failures == 0)) return;
    options.note("integers have no value for what is missing: it is 0 in /data, and " +
                 std::string(ragged ? "/source is empty where a group has no file"
                                    : "the files are named above"));
}

std::uint64_t memory_limit(const GatherOptions& options) {
    return options.memory > 0 ? options.memory : core::usable_memory() / 4;
}

} // namespace

GatherResult gather(const FileList& files, const GatherOptions& options) {
    const core::Stopwatch watch;
    if (files.size() == 0) throw core::UsageError(core::ErrorText{.what = "no files to gather"});
    parallel::Team team(options.threads > 0 ? options.threads : parallel::usable_cores());
    const Survey found = survey(files, options.output, team);
    check(files, found, options);
    const GatherGroups groups = make_groups(files, options);
    const GatherShape shape = plan_shape(files, groups, options);
    const std::uint64_t groups_held =
        (groups.order.capacity() + groups.begins.capacity()) * sizeof(std::uint64_t);
    const GatherMemory memory = plan_memory(shape, files, groups_held, found.largest, options,
                                            team.size(), memory_limit(options));

    store::StackFile out(options.output, options.replace, shape.layout);
    SlabWriter writer(shape, memory.slabs, team.size(), out);
    GatherJob job(files, groups, shape, options, writer, team.size());
    GroupConversion<GatherJob> conversion(
        team, io::BufferPool(memory.pool),
        {.in_flight = memory.in_flight, .reading = options.reading});
    const GroupFigures figures = conversion.run(in_order(files, groups), job);
    put_sources(out, files, groups);
    note_zeros(groups, shape, job.failures(), options);

    GatherResult result;
    result.files = files.size();
    result.failed = job.failures();
    result.groups = groups.size();
    result.dataset = shape.dataset;
    result.type = shape.layout.type;
    result.shape = shape.layout.shape;
    result.chunk = shape.layout.chunk;
    result.bytes_read = figures.reading.bytes;
    result.bytes_raw = bytes_of(result.type);
    for (const Index n : result.shape)
        result.bytes_raw *= static_cast<std::uint64_t>(n);
    result.bytes_stored = out.bytes_stored();
    result.memory = memory.total;
    result.reading = figures.reading;
    out.close(); // last: what fails leaves no output
    result.seconds = watch.seconds();
    return result;
}

std::string to_json(const GatherResult& result) {
    core::JsonWriter json;
    json.begin_object();
    json.member("files", result.files).member("failed", result.failed);
    json.member("groups", result.groups).member("dataset", result.dataset);
    json.member("type", store::name_of(result.type));
    json.key("shape").values(result.shape);
    json.key("chunk").values(result.chunk);
    json.member("bytes_read", result.bytes_read).member("bytes_raw", result.bytes_raw);
    json.member("bytes_stored", result.bytes_stored);
    json.member("memory", result.memory).member("seconds", result.seconds);
    json.member("files_per_s", static_cast<double>(result.files) / result.seconds);
    json.member("reader", io::to_string(result.reading.backend));
    json.member("peak_rss_bytes", core::peak_rss_bytes());
    json.end_object();
    return json.take();
}

} // namespace morphogen::rework
