#include "morphogen/store/output_name.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/call.hpp"

#include "store/unfinished_name.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

/// What @p path names at the end of a chain of symbolic links, whether it is there or not.
fs::path followed(fs::path path) {
    std::error_code failed;
    constexpr int longest_chain = 40; // as the kernel's
    for (int i = 0; i < longest_chain && fs::is_symlink(path, failed); ++i) {
        const fs::path target = fs::read_symlink(path, failed);
        if (failed) break;
        path = path.parent_path() / target; // an absolute target replaces it
    }
    return path;
}

[[noreturn]] void refuse(const char* what, const fs::path& path, const char* why,
                         const char* advice) {
    throw core::UsageError(
        core::ErrorText{.what = what, .where = path.native(), .why = why, .advice = advice});
}

[[noreturn]] void refuse_busy(const fs::path& path) {
    refuse("another process is writing this file", path, "",
           "wait until it has ended, or choose another name");
}

/// False where another process holds it; where the file system has no locks, true.
bool lock(int descriptor) {
    int status = 0;
    do
        status = ::flock(descriptor, LOCK_EX | LOCK_NB);
    while (status != 0 && errno == EINTR);
    return status == 0 || errno != EWOULDBLOCK;
}

auto identity_of(const struct ::stat& file) {
    return std::pair<unsigned long long, unsigned long long>(file.st_dev, file.st_ino);
}

} // namespace

fs::path unfinished_path(fs::path path) {
    return path += hdf5::unfinished_suffix;
}

OutputName::OutputName(fs::path path, bool replace)
    : path_(followed(std::move(path))), beside_(unfinished_path(path_)) {
    std::error_code failed;
    const fs::file_status status = fs::status(path_, failed);
    if (fs::exists(status)) {
        if (fs::is_directory(status))
            refuse("cannot create file", path_, "it is a directory", "choose another name");
        if (!fs::is_regular_file(status))
            refuse("cannot create file", path_, "it is a device or a pipe, which it would replace",
                   "choose another name");
        if (!replace)
            refuse("file exists already", path_, "", "choose another name, or use --force");
    }
    // A FIFO would wait for a writer.
    const int left = ::open(beside_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (left >= 0) {
        const bool is_free = lock(left);
        if (is_free) ::unlink(beside_.c_str());
        ::close(left);
        if (!is_free) refuse_busy(path_);
    }
    unfinished_ = std::make_unique<UnfinishedName>(beside_);
}

OutputName::~OutputName() {
    struct ::stat named {};
    if (!is_held_ || ::stat(beside_.c_str(), &named) != 0) return;
    if (!identity_ || identity_of(named) == *identity_) ::unlink(beside_.c_str());
}

void OutputName::hold(int descriptor) {
    struct ::stat named {};
    struct ::stat mine {};
    const bool is_mine = ::fstat(descriptor, &mine) == 0 && ::stat(beside_.c_str(), &named) == 0 &&
                         identity_of(mine) == identity_of(named);
    if (is_mine) identity_ = identity_of(mine); // on some file systems the two never agree
    if (!lock(descriptor)) refuse_busy(path_);
    is_held_ = true;
}

void OutputName::complete() {
    struct ::stat named {};
    if (identity_ && (::stat(beside_.c_str(), &named) != 0 || identity_of(named) != *identity_))
        throw core::Error(core::ErrorText{.what = "the file was removed or replaced while written",
                                          .where = beside_.native(),
                                          .advice = "see that nothing else writes it"});
    std::error_code failed;
    fs::rename(beside_, path_, failed);
    if (failed) {
        const std::string why = failed.message();
        throw core::Error(
            core::ErrorText{.what = "cannot rename file", .where = beside_.native(), .why = why});
    }
    is_held_ = false;
    unfinished_.reset();
}

} // namespace morphogen::store
