#include "morphogen/store/new_file.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/core/memory.hpp"
#include "morphogen/store/hdf5/file.hpp"
#include "morphogen/store/hdf5/properties.hpp"
#include "morphogen/store/hdf5/steadfast_driver.hpp"

#include "store/unfinished_name.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;

void create_empty(const fs::path& file, const fs::path& path) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0) {
        ::close(fd);
        return;
    }
    const std::string why = core::errno_text(errno);
    throw core::Error(core::ErrorText{
        .what = "cannot create file",
        .where = path.native(),
        .why = why,
        .advice = "the directory must exist and you must be allowed to write to it"});
}

} // namespace

fs::path unfinished_path(fs::path path) {
    return path += hdf5::unfinished_suffix;
}

NewFile::NewFile(fs::path path, bool replace)
    : path_(std::move(path)), beside_(unfinished_path(path_)) {
    std::error_code failed;
    if (!replace && fs::exists(path_, failed))
        throw core::UsageError(core::ErrorText{.what = "file exists already",
                                               .where = path_.native(),
                                               .advice = "choose another name, or use --force"});
    if (fs::is_directory(path_, failed))
        throw core::UsageError(core::ErrorText{.what = "cannot create file",
                                               .where = path_.native(),
                                               .why = "it is a directory",
                                               .advice = "choose another name"});
    unfinished_ = std::make_unique<UnfinishedName>(beside_); // first: a signal may come next
    create_empty(beside_, path_);
    try {
        const hdf5::Properties access = hdf5::file_access();
        hdf5::set_steadfast_driver(access, beside_);
        // HDF5 must not truncate an empty file: ext4 takes that for a replacement (auto_da_alloc)
        // and begins to write all of it to the disk in close(), half a second per gigabyte.
        ::unlink(beside_.c_str());
        file_ = hdf5::create_file(beside_, hdf5::file_creation(), access);
        // What is read soon again is mostly small.
        hdf5::write_behind(beside_, core::usable_memory() / 8);
    } catch (...) {
        ::unlink(beside_.c_str());
        throw;
    }
}

NewFile::~NewFile() {
    if (beside_.empty()) return;
    hdf5::discard_writes(beside_);
    file_ = {};
    ::unlink(beside_.c_str());
}

void NewFile::close() {
    file_.close();
    std::error_code failed;
    fs::rename(beside_, path_, failed);
    if (failed) {
        const std::string why = failed.message();
        throw core::Error(
            core::ErrorText{.what = "cannot rename file", .where = beside_.native(), .why = why});
    }
    beside_.clear();
    unfinished_.reset();
}

} // namespace morphogen::store
