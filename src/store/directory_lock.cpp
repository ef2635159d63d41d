#include "morphogen/store/directory_lock.hpp"

#include "morphogen/core/error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace morphogen::store {

DirectoryLock::DirectoryLock(const std::filesystem::path& directory)
    : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ < 0) {
        const std::string why = core::errno_text(errno);
        throw core::Error(core::ErrorText{
            .what = "cannot open the run's directory", .where = directory.native(), .why = why});
    }
    int status = 0;
    do
        status = ::flock(descriptor_, LOCK_EX | LOCK_NB);
    while (status != 0 && errno == EINTR);
    if (status == 0 || errno != EWOULDBLOCK) {
        watch_ = NameWatch(directory, descriptor_);
        return;
    }
    ::close(descriptor_);
    throw core::UsageError(
        core::ErrorText{.what = "another process is writing to this run's directory",
                        .where = directory.native(),
                        .advice = "wait until it has ended, or choose another output.directory"});
}

bool is_locked(const std::filesystem::path& directory) {
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return false;
    const bool locked = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(descriptor);
    return locked;
}

DirectoryLock::~DirectoryLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), watch_(std::move(other.watch_)) {}

} // namespace morphogen::store
