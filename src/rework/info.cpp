#include "morphogen/rework/info.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/run_directory.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <exception>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;

/// The string member @p key of the outermost object of a report; empty if there is none. Escapes
/// stay as they are but for \" and \\: the texts are ours, and one line.
std::string string_member(std::string_view json, std::string_view key) {
    const std::string quoted = '"' + std::string(key) + '"';
    const auto skip_space = [&](std::size_t at) {
        while (at < json.size() && std::isspace(static_cast<unsigned char>(json[at])) != 0)
            ++at;
        return at;
    };
    const std::size_t found = json.find(quoted);
    if (found == std::string_view::npos) return {};
    std::size_t at = skip_space(found + quoted.size());
    if (at >= json.size() || json[at] != ':') return {};
    at = skip_space(at + 1);
    if (at >= json.size() || json[at] != '"') return {};
    std::string value;
    for (++at; at < json.size() && json[at] != '"'; ++at) {
        if (json[at] == '\\' && at + 1 < json.size()) ++at;
        value += json[at];
    }
    return value;
}

RunOutcome read_report(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return {string_member(text, "exit"), string_member(text, "error")};
}

std::uint64_t bytes_in(const fs::path& directory) {
    std::uint64_t bytes = 0;
    std::error_code failed; // what goes away meanwhile counts as nothing
    for (fs::directory_iterator file(directory, failed), end; !failed && file != end;
         file.increment(failed)) {
        std::error_code gone;
        const auto size = file->file_size(gone);
        if (!gone) bytes += size;
    }
    return bytes;
}

std::vector<CheckpointInfo> checkpoints_of(const store::RunDirectory& directory) {
    std::vector<CheckpointInfo> all;
    bool is_newest = true;
    for (const store::CheckpointEntry& entry : store::list_checkpoints(directory)) {
        CheckpointInfo info{.step = entry.step, .bytes = bytes_in(entry.directory)};
        try {
            const store::CheckpointHeader header = store::read_checkpoint_header(entry);
            info.frames = header.frames;
            info.ranks = header.ranks;
            info.is_latest = std::exchange(is_newest, false);
        } catch (const core::Error& error) {
            info.problem = error.what();
        }
        all.push_back(std::move(info));
    }
    return all;
}

} // namespace

fs::path data_file(const fs::path& path) {
    const auto fail = [&](std::string_view what, std::string_view why) {
        throw core::UsageError(core::ErrorText{.what = what,
                                               .where = path.native(),
                                               .why = why,
                                               .advice = "give a run's directory or an HDF5 file"});
    };
    std::error_code failed;
    if (!fs::exists(path, failed))
        fail("cannot find", failed ? failed.message() : core::errno_text(ENOENT));
    if (!fs::is_directory(path, failed)) return path;
    fs::path frames = store::RunDirectory{path}.frames();
    if (!fs::exists(frames, failed)) fail("not a run's directory", "it has no frames.h5");
    return frames;
}

FileDescription describe(const fs::path& path) {
    FileDescription d;
    d.file = data_file(path);
    const store::FileReader reader(d.file, store::Access::whichever_works,
                                   store::Sources::not_looked_at);
    std::error_code ignored;
    d.file_bytes = fs::file_size(d.file, ignored);
    d.is_open = reader.is_swmr();
    const auto guarded = [&](auto&& look) {
        try {
            look();
        } catch (const core::Error& error) {
            d.problems.emplace_back(error.what());
        }
    };
    guarded([&] { d.frames = reader.frames(); });
    d.is_run = d.frames.has_value();
    if (d.is_run) {
        const store::RunDirectory directory{d.file.parent_path()};
        d.outcome = read_report(directory.report());
        guarded([&] {
            const auto records = reader.records();
            if (records.empty()) return;
            d.first = records.front();
            d.last = records.back();
        });
        for (store::Launch& launch : reader.launches())
            if (launch.problem.empty())
                d.launches.push_back(std::move(launch));
            else
                d.problems.push_back(std::move(launch.problem));
        d.checkpoints = checkpoints_of(directory);
    }
    guarded([&] {
        store::FileContents contents = reader.contents();
        for (const std::exception_ptr& damage : contents.damaged)
            guarded([&] { std::rethrow_exception(damage); });
        for (const std::string& dataset : contents.datasets)
            guarded([&] { d.datasets.push_back(reader.dataset(dataset)); });
        d.external_links = std::move(contents.external_links);
        d.unknown_links = std::move(contents.unknown_links);
    });
    guarded([&] { reader.check_sources(); });
    return d;
}

} // namespace morphogen::rework
