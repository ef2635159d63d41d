#include "morphogen/store/run_directory.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"
#include "morphogen/store/schema.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <system_error>
#include <vector>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(std::string_view what, const fs::path& path, const std::error_code& why) {
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
        fail("cannot look at file", path, failed);
    return fs::exists(status);
}

void remove_file(const fs::path& path) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) fs::remove(path, failed); // a user's directory stays
    if (failed && failed != std::errc::no_such_file_or_directory)
        fail("cannot remove", path, failed);
}

/// "0000.0012.h5", with more digits where there are more; also as it is called before its rename.
bool is_part_name(std::string_view name) {
    const auto take_number = [&name] {
        const auto end = std::find_if_not(name.begin(), name.end(),
                                          [](unsigned char c) { return std::isdigit(c) != 0; });
        const auto digits = static_cast<std::size_t>(end - name.begin());
        name.remove_prefix(digits);
        return digits >= 4;
    };
    if (!take_number() || !name.starts_with('.')) return false;
    name.remove_prefix(1);
    return take_number() && (name == ".h5" || name == ".h5.new");
}

fs::path beside(fs::path path) {
    return path += ".new";
}

} // namespace

fs::path RunDirectory::part(core::Index segment, int rank) const {
    return root / schema::part_name(segment, rank);
}

std::vector<fs::path> RunDirectory::existing_parts() const {
    std::vector<fs::path> found;
    std::error_code failed;
    if (!fs::is_directory(parts(), failed)) return found;
    for (fs::directory_iterator entry(parts(), failed), end; !failed && entry != end;
         entry.increment(failed))
        if (is_part_name(entry->path().filename().native())) found.push_back(entry->path());
    if (failed) fail("cannot list directory", parts(), failed);
    return found;
}

bool RunDirectory::holds_run() const {
    for (const fs::path& path : {frames(), config(), report(), xdmf()})
        if (is_there(path)) return true;
    return !existing_parts().empty() || holds_checkpoints(*this);
}

void RunDirectory::remove_run() const {
    // frames.h5 first: without it nothing points to what is removed after it.
    for (const fs::path& path : {frames(), xdmf(), report(), config()}) {
        remove_file(path);
        remove_file(beside(path)); // left by a kill between making and renaming
    }
    for (const fs::path& part : existing_parts())
        remove_file(part);
    std::error_code not_empty; // then somebody else's files are in it
    fs::remove(parts(), not_empty);
    remove_all_checkpoints(*this);
}

} // namespace morphogen::store
