#include "store/swmr_file.hpp"

#include "morphogen/core/atomic_file.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/core/stopwatch.hpp"
#include "morphogen/core/whole_io.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/hdf5/steadfast_driver.hpp"
#include "morphogen/store/new_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace morphogen::store {
namespace {

std::filesystem::path directory_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

[[noreturn]] void fail_writing(const char* what, const std::filesystem::path& path, int code) {
    const std::string why = core::errno_text(code);
    throw core::Error(core::ErrorText{.what = what, .where = path.native(), .why = why});
}

/// @p path: in messages, for @p beside, which is what is written.
void write_file(const std::filesystem::path& beside, std::string_view bytes, config::Sync sync,
                const std::filesystem::path& path) {
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) fail_writing("cannot create file", path, errno);
    int failed = core::write_whole(fd, std::as_bytes(std::span(bytes)));
    if (failed == 0 && sync != config::Sync::never && ::fsync(fd) != 0) failed = errno;
    if (::close(fd) != 0 && failed == 0) failed = errno;
    if (failed == 0) return;
    ::unlink(beside.c_str());
    fail_writing("cannot write file", path, failed);
}

void rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code failed;
    std::filesystem::rename(from, to, failed);
    if (failed)
        throw core::Error(core::ErrorText{
            .what = "cannot rename file", .where = from.native(), .why = failed.message()});
}

} // namespace

SwmrFile::SwmrFile(std::filesystem::path path, config::Sync sync,
                   const std::function<void(const hdf5::File&)>& build,
                   const std::function<void()>& before_rename)
    : path_(std::move(path)), opened_as_(unfinished_path(path_)), sync_(sync) {
    // Made in memory and written by ourselves: HDF5 cannot get over an error while it creates.
    write_file(opened_as_, hdf5::file_image(build), sync_, path_);
    try {
        open(); // before it has its name: nobody is to see it closed
        if (before_rename) before_rename();
        rename_file(opened_as_, path_);
        if (sync_ != config::Sync::never) core::sync_directory(directory_of(path_));
        name_ = NameWatch(path_, descriptor_);
    } catch (...) {
        abandon();
        ::unlink(opened_as_.c_str());
        throw;
    }
}

SwmrFile::SwmrFile(std::filesystem::path path, config::Sync sync)
    : path_(std::move(path)), opened_as_(path_), sync_(sync) {
    open();
    name_ = NameWatch(path_, descriptor_);
}

void SwmrFile::open() {
    const hdf5::Properties access = hdf5::file_access_appending();
    hdf5::set_steadfast_driver(access, opened_as_);
    file_ = hdf5::open_file(opened_as_, hdf5::Mode::write_swmr, access);
    descriptor_ = hdf5::descriptor_of(file_);
}

void SwmrFile::flush() {
    hdf5::flush_file(file_);
    flushed_end_ = hdf5::end_of_space(file_);
}

/// Flushing a dataset leaves the superblock, and with it the end that it tells. (The library writes
/// it last: a kill just before leaves a file that readers with swmr and repair take as it is meant,
/// and that `h5clear -s` makes too short.)
void SwmrFile::flush(const hdf5::Dataset& dataset) {
    if (hdf5::end_of_space(file_) != flushed_end_)
        flush();
    else
        hdf5::flush_dataset(dataset);
}

void SwmrFile::end_commit() {
    if (sync_ == config::Sync::frame) push_to_disk();
    name_.look_now_and_then();
}

void SwmrFile::sync() {
    if (sync_ != config::Sync::never) push_to_disk();
}

void SwmrFile::push_to_disk() {
    const core::Stopwatch watch;
    if (::fsync(descriptor_) != 0) fail_writing("cannot sync file", path_, errno);
    sync_seconds_ += watch.seconds();
}

void SwmrFile::close() {
    name_.look();
    file_.close();
    descriptor_ = -1;
    if (sync_ == config::Sync::never) return;
    const core::Stopwatch watch;
    hdf5::sync_file(path_);
    sync_seconds_ += watch.seconds();
}

void SwmrFile::abandon() noexcept {
    hdf5::discard_writes(opened_as_);
}

} // namespace morphogen::store
