#include "store/part_move.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/error.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_linking(const fs::path& from, const fs::path& to, int code) {
    const std::string why = core::errno_text(code);
    const std::string where = from.native() + " to " + to.native();
    throw core::Error(
        core::ErrorText{.what = "cannot give a file a second name", .where = where, .why = why});
}

bool has_no_links(int code) {
    return code == EPERM || code == EOPNOTSUPP || code == ENOSYS || code == EMLINK || code == EXDEV;
}

} // namespace

void make_directory(const fs::path& path) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot create directory", .where = path.native(), .why = failed.message()});
}

void give_second_name(const fs::path& from, const fs::path& to) {
    if (::link(from.c_str(), to.c_str()) == 0) return;
    const int code = errno;
    std::error_code ignored;
    if (code == EEXIST && fs::equivalent(from, to, ignored)) return; // before a kill
    if (!has_no_links(code) || fs::exists(to)) fail_linking(from, to, code);
    if (std::rename(from.c_str(), to.c_str()) != 0) fail_linking(from, to, errno);
}

void move_into_parts(const RunDirectory& directory, config::Sync sync) {
    make_directory(directory.parts());
    give_second_name(directory.frames(), directory.part(0, 0));
    if (sync == config::Sync::never) return;
    core::sync_directory(directory.parts());
    core::sync_directory(directory.root);
}

} // namespace morphogen::store
