#include "store/swmr_file.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/store/hdf5/properties.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace morphogen::store {
namespace {

std::filesystem::path directory_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code failed;
    std::filesystem::rename(from, to, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot rename file", .where = from.native(), .why = failed.message()});
}

} // namespace

void discard_writes(int fd) noexcept {
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) return;
    ::dup2(nowhere, fd);
    ::close(nowhere);
}

SwmrFile::SwmrFile(std::filesystem::path path, config::Sync sync,
                   const std::function<void(const hdf5::File&)>& build)
    : path_(std::move(path)), sync_(sync) {
    std::filesystem::path beside = path_;
    beside += ".new";
    try {
        hdf5::File fresh = hdf5::create_file(beside, hdf5::file_creation(), hdf5::file_access());
        try {
            build(fresh);
        } catch (...) {
            discard_writes(hdf5::descriptor_of(fresh));
            throw;
        }
        fresh.close();
        if (sync_ != config::Sync::never) sync_now(beside);
        rename_file(beside, path_);
    } catch (...) {
        ::unlink(beside.c_str());
        throw;
    }
    if (sync_ != config::Sync::never) core::sync_directory(directory_of(path_));
    file_ = hdf5::open_file(path_, hdf5::Mode::write_swmr);
    descriptor_ = hdf5::descriptor_of(file_);
}

void SwmrFile::sync_now(const std::filesystem::path& path) {
    const core::Stopwatch watch;
    hdf5::sync_file(path);
    sync_seconds_ += watch.seconds();
}

void SwmrFile::sync_commit() {
    if (sync_ != config::Sync::frame) return;
    const core::Stopwatch watch;
    if (::fsync(descriptor_) != 0)
        throw core::Error(core::ErrorText{
            .what = "cannot sync file", .where = path_.native(), .why = core::errno_text(errno)});
    sync_seconds_ += watch.seconds();
}

void SwmrFile::close() {
    file_.close();
    descriptor_ = -1;
    if (sync_ != config::Sync::never) sync_now(path_);
}

void SwmrFile::abandon() noexcept {
    if (descriptor_ >= 0) discard_writes(descriptor_);
    descriptor_ = -1;
}

} // namespace morphogen::store
