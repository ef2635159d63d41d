#include "store/checkpoint_names.hpp"

#include "morphogen/store/hdf5/call.hpp"

#include "store/checkpoint_format.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <system_error>

namespace morphogen::store::checkpoint {
namespace {

namespace fs = std::filesystem;
using core::Index;

constexpr std::string_view replaced_suffix = ".old";
constexpr std::string_view state_name = "state.h5";
constexpr std::string_view latest_name = "latest";
constexpr std::size_t digits_of_step = 12;

/// The number that @p name begins with, of at least @p digits digits, which are taken from it.
std::optional<Index> take_number(std::string_view& name, std::size_t digits) {
    Index number = 0;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    const auto length = static_cast<std::size_t>(end - name.data());
    if (failed != std::errc{} || number < 0 || name.starts_with('-') || length < digits ||
        (length > digits && name.starts_with('0')))
        return std::nullopt;
    name.remove_prefix(length);
    return number;
}

std::optional<NamedDirectory> parse(const fs::path& path) {
    const std::string text = path.filename().native();
    std::string_view name = text;
    const auto step = take_number(name, digits_of_step);
    if (!step) return std::nullopt;
    if (name.empty()) return NamedDirectory{path, *step, Status::counts};
    if (name == hdf5::unfinished_suffix) return NamedDirectory{path, *step, Status::unfinished};
    if (name == replaced_suffix) return NamedDirectory{path, *step, Status::replaced};
    return std::nullopt;
}

/// A file's name without the ending that it has until it is complete.
std::string_view finished_name(std::string_view name) {
    const std::string_view suffix = hdf5::unfinished_suffix;
    return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

/// The rank whose piece has this name.
std::optional<Index> rank_of(std::string_view name) {
    const auto rank = take_number(name, 4);
    return rank && name == ".h5" ? rank : std::nullopt;
}

void remove_file(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        fail("cannot remove", path.native(), core::errno_text(errno));
}

/// The paths in @p directory for whose names @p wanted is true; none if it is not there.
std::vector<fs::path> list(const fs::path& directory,
                           const std::function<bool(std::string_view)>& wanted) {
    std::vector<fs::path> found;
    std::error_code failed;
    for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end;
         entry.increment(failed))
        if (wanted(entry->path().filename().native())) found.push_back(entry->path());
    if (failed && failed != std::errc::no_such_file_or_directory)
        fail("cannot list directory", directory.native(), failed.message());
    return found;
}

} // namespace

std::string piece_name(int rank) {
    return fmt::format("{:04}.h5", rank);
}

std::vector<hsize_t> cells_of(int dims, const core::Extents& cells) {
    return {cells.end() - dims, cells.end()};
}

fs::path directory_of(const RunDirectory& directory, Index step, Status status) {
    std::string name = fmt::format("{:0{}}", step, digits_of_step);
    if (status == Status::unfinished) name += hdf5::unfinished_suffix;
    if (status == Status::replaced) name += replaced_suffix;
    return directory.checkpoints() / name;
}

std::vector<NamedDirectory> named_directories(const RunDirectory& directory) {
    std::vector<NamedDirectory> named;
    for (const fs::path& path : list(directory.checkpoints(), [](auto) { return true; })) {
        std::error_code failed; // then it is none of ours
        const auto parsed = parse(path);
        if (parsed && fs::symlink_status(path, failed).type() == fs::file_type::directory)
            named.push_back(*parsed);
    }
    return named;
}

void remove_directory(const fs::path& directory) {
    const auto ours = [](std::string_view name) {
        const std::string_view file = finished_name(name);
        return file == state_name || rank_of(file).has_value();
    };
    for (const fs::path& path : list(directory, ours))
        remove_file(path);
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
        fail("cannot remove", directory.native(), core::errno_text(errno));
}

void remove_strangers(const fs::path& directory, int ranks) {
    const auto strange = [&](std::string_view name) {
        const auto rank = rank_of(finished_name(name));
        return rank ? *rank >= ranks || finished_name(name) != name : false;
    };
    for (const fs::path& path : list(directory, strange))
        remove_file(path);
}

void rename_path(const fs::path& from, const fs::path& to) {
    std::error_code failed;
    fs::rename(from, to, failed);
    if (failed) fail("cannot rename", from.native(), failed.message());
}

void mark_latest(const RunDirectory& directory) {
    const fs::path latest = directory.checkpoints() / latest_name;
    const auto entries = list_checkpoints(directory);
    if (entries.empty()) return remove_file(latest);
    fs::path beside = latest;
    beside += hdf5::unfinished_suffix;
    remove_file(beside);
    if (::symlink(entries.front().directory.filename().c_str(), beside.c_str()) != 0) {
        // It is for people: file systems without links have checkpoints that count all the same.
        if (errno == EPERM || errno == EOPNOTSUPP) return;
        fail("cannot create link", beside.native(), core::errno_text(errno));
    }
    rename_path(beside, latest);
}

} // namespace morphogen::store::checkpoint

namespace morphogen::store {

using checkpoint::NamedDirectory;
using checkpoint::Status;

std::vector<CheckpointEntry> list_checkpoints(const RunDirectory& directory) {
    auto named = checkpoint::named_directories(directory);
    std::erase_if(named, [](const NamedDirectory& d) { return d.status == Status::unfinished; });
    std::sort(named.begin(), named.end(), [](const NamedDirectory& a, const NamedDirectory& b) {
        return a.step != b.step ? a.step > b.step : a.status < b.status;
    });
    std::vector<CheckpointEntry> entries;
    for (const NamedDirectory& d : named)
        if (entries.empty() || entries.back().step != d.step) entries.push_back({d.path, d.step});
    return entries;
}

std::string check_latest(const RunDirectory& directory) {
    const std::filesystem::path latest = directory.checkpoints() / checkpoint::latest_name;
    std::error_code failed;
    if (!std::filesystem::is_symlink(std::filesystem::symlink_status(latest, failed))) return {};
    for (const CheckpointEntry& entry : list_checkpoints(directory))
        if (std::filesystem::equivalent(latest, entry.directory, failed)) return {};
    return latest.native() + ": leads to no checkpoint; repair it";
}

void mark_latest(const RunDirectory& directory) {
    checkpoint::mark_latest(directory);
}

void remove_checkpoint(const RunDirectory& directory, const CheckpointEntry& entry) {
    const auto gone = checkpoint::directory_of(directory, entry.step, Status::unfinished);
    const auto replaced = checkpoint::directory_of(directory, entry.step, Status::replaced);
    if (entry.directory != replaced) checkpoint::remove_directory(replaced); // else it counts next
    checkpoint::remove_directory(gone);
    checkpoint::rename_path(entry.directory,
                            gone); // a kill from here on leaves nothing that counts
    checkpoint::mark_latest(directory);
    checkpoint::remove_directory(gone);
}

bool holds_checkpoints(const RunDirectory& directory) {
    return !checkpoint::named_directories(directory).empty();
}

void remove_all_checkpoints(const RunDirectory& directory) {
    const auto link_name = [](std::string_view name) {
        return checkpoint::finished_name(name) == checkpoint::latest_name;
    };
    for (const auto& path : checkpoint::list(directory.checkpoints(), link_name))
        if (std::filesystem::is_symlink(path)) checkpoint::remove_file(path);
    for (const NamedDirectory& d : checkpoint::named_directories(directory))
        checkpoint::remove_directory(d.path);
    std::error_code not_empty; // then somebody else's files are in it
    std::filesystem::remove(directory.checkpoints(), not_empty);
}

} // namespace morphogen::store
