#include "morphogen/store/run_directory.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/schema.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <system_error>
#include <vector>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_in_directory(std::string_view what, const fs::path& path,
                                    const std::error_code& why) {
    throw core::Error(core::ErrorText{
        .what = what,
        .where = path.native(),
        .why = why.message(),
        .advice = "set output.directory to a directory, or a new name, where you may write"});
}

bool is_there(const fs::path& path) {
    std::error_code failed;
    const auto status = fs::symlink_status(path, failed);
    if (failed && failed != std::errc::no_such_file_or_directory)
        fail_in_directory("cannot look at file", path, failed);
    return fs::exists(status);
}

void remove_unless_directory(const fs::path& path) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) fs::remove(path, failed); // a user's directory stays
    if (failed && failed != std::errc::no_such_file_or_directory)
        fail_in_directory("cannot remove", path, failed);
}

/// What a kill may leave beside a file (repair.hpp).
constexpr std::array<std::string_view, 3> remains{".new", ".update", ".update.new"};

/// "0000.0012.h5", with more digits where there are more; also as it is called before its rename.
/// @p remains_too: and whatever a kill left beside it.
bool is_part_name(std::string_view name, bool remains_too) {
    const auto take_number = [&name] {
        const auto end = std::find_if_not(name.begin(), name.end(),
                                          [](unsigned char c) { return std::isdigit(c) != 0; });
        const auto digits = static_cast<std::size_t>(end - name.begin());
        name.remove_prefix(digits);
        return digits >= 4;
    };
    if (!take_number() || !name.starts_with('.')) return false;
    name.remove_prefix(1);
    if (!take_number() || !name.starts_with(".h5")) return false;
    name.remove_prefix(3);
    return name.empty() || name == ".new" ||
           (remains_too && std::find(remains.begin(), remains.end(), name) != remains.end());
}

std::vector<fs::path> parts_in(const fs::path& folder, bool remains_too) {
    std::vector<fs::path> found;
    std::error_code failed;
    if (!fs::is_directory(folder, failed)) return found;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed))
        if (is_part_name(entry->path().filename().native(), remains_too))
            found.push_back(entry->path());
    if (failed) fail_in_directory("cannot list directory", folder, failed);
    return found;
}

} // namespace

fs::path RunDirectory::part(core::Index segment, int rank) const {
    return root / schema::part_name(segment, rank);
}

std::vector<fs::path> RunDirectory::existing_parts() const {
    return parts_in(parts(), false);
}

bool RunDirectory::holds_run() const {
    for (const fs::path& path : {frames(), config(), report(), xdmf()})
        if (is_there(path)) return true;
    return !existing_parts().empty() || holds_checkpoints(*this);
}

void RunDirectory::remove_run() const {
    // frames.h5 first: without it nothing points to what is removed after it.
    for (const fs::path& path : {frames(), xdmf(), report(), config()}) {
        remove_unless_directory(path);
        for (const std::string_view suffix : remains)
            remove_unless_directory(fs::path(path) += suffix);
    }
    for (const fs::path& part : parts_in(parts(), true))
        remove_unless_directory(part);
    std::error_code not_empty; // then somebody else's files are in it
    fs::remove(parts(), not_empty);
    remove_all_checkpoints(*this);
}

} // namespace morphogen::store
