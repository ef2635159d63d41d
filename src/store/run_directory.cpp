#include "morphogen/store/run_directory.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/schema.hpp"

#include <system_error>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
    std::error_code failed;
    const auto status = fs::symlink_status(path, failed);
    if (failed && failed != std::errc::no_such_file_or_directory)
        throw core::Error(core::ErrorText{
            .what = "cannot look at file", .where = path.native(), .why = failed.message()});
    return fs::exists(status);
}

void remove_tree(const fs::path& path) {
    std::error_code failed;
    fs::remove_all(path, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot remove", .where = path.native(), .why = failed.message()});
}

fs::path beside(fs::path path) {
    return path += ".new";
}

} // namespace

fs::path RunDirectory::part(core::Index segment, int rank) const {
    return root / schema::part_name(segment, rank);
}

bool RunDirectory::holds_run() const {
    for (const fs::path& path : {frames(), parts(), checkpoints(), config(), report(), xdmf()})
        if (is_there(path)) return true;
    return false;
}

void RunDirectory::remove_run() const {
    // frames.h5 first: without it nothing points to what is removed after it.
    for (const fs::path& path : {frames(), xdmf(), parts(), checkpoints(), report(), config()}) {
        remove_tree(path);
        remove_tree(beside(path)); // left by a kill between making and renaming
    }
}

} // namespace morphogen::store
